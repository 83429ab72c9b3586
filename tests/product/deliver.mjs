// Segment's SDK for Node as anybody uses it; only the host is another one.
import { Analytics } from "@segment/analytics-node";

const [host, writeKey] = process.argv.slice(2);
const analytics = new Analytics({ writeKey, host, flushAt: 20, maxRetries: 0 });
const failures = [];
analytics.on("error", (error) => failures.push(error));
const timestamp = new Date("2026-03-05T10:00:00Z");

analytics.identify({ userId: "ann", traits: { email: "ann@example.com" }, messageId: "node-identify" });
analytics.group({ userId: "ann", groupId: "ws_1", traits: { plan: "pro" }, messageId: "node-group" });
analytics.track({ userId: "ann", event: "Report exported", properties: { feature: "export" }, timestamp, messageId: "node-track" });
analytics.page({ userId: "ann", name: "Invoices", timestamp, messageId: "node-page" });
analytics.screen({ userId: "ann", name: "Home", timestamp, messageId: "node-screen" });
analytics.alias({ userId: "ann", previousId: "visitor", messageId: "node-alias" });
analytics.track({ anonymousId: "x", event: "Visited", context: { groupId: "ws_1" }, timestamp, messageId: "node-anonymous" });
await analytics.closeAndFlush();
if (failures.length) {
  console.error(failures);
  process.exit(1);
}
