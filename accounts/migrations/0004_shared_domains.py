"""Begin the list of domains that many companies share with the public mail providers and page hosts."""

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

DOMAINS = """
gmail.com googlemail.com
outlook.com outlook.de outlook.fr outlook.es outlook.it hotmail.com hotmail.co.uk hotmail.fr hotmail.de hotmail.it
hotmail.es live.com live.co.uk live.de live.fr live.nl live.it msn.com windowslive.com passport.com
yahoo.com yahoo.co.uk yahoo.de yahoo.fr yahoo.es yahoo.it yahoo.ca yahoo.com.br yahoo.com.au yahoo.com.mx
yahoo.co.in yahoo.in yahoo.co.jp yahoo.co.id ymail.com rocketmail.com myyahoo.com
aol.com aol.de aol.co.uk aim.com icloud.com me.com mac.com
gmx.de gmx.net gmx.at gmx.ch gmx.com gmx.fr gmx.co.uk web.de t-online.de freenet.de arcor.de online.de posteo.de
mailbox.org email.de kabelmail.de vodafone.de
protonmail.com protonmail.ch proton.me pm.me tutanota.com tutanota.de tuta.io tuta.com fastmail.com fastmail.fm
hey.com zoho.com zohomail.com mail.com email.com usa.com inbox.com hushmail.com runbox.com duck.com
orange.fr wanadoo.fr free.fr laposte.net sfr.fr neuf.fr bbox.fr numericable.fr
libero.it virgilio.it tiscali.it alice.it tin.it tim.it fastwebnet.it aruba.it
telefonica.net terra.es movistar.es ono.com sapo.pt
bluewin.ch sunrise.ch hispeed.ch aon.at chello.at utanet.at
telenet.be skynet.be proximus.be ziggo.nl kpnmail.nl kpnplanet.nl xs4all.nl planet.nl home.nl upcmail.nl hetnet.nl
telia.com comhem.se bredband.net spray.se online.no jubii.dk mail.dk stofanet.dk elisanet.fi suomi24.fi
btinternet.com btopenworld.com sky.com virginmedia.com ntlworld.com talktalk.net blueyonder.co.uk tiscali.co.uk
eircom.net
comcast.net verizon.net att.net sbcglobal.net bellsouth.net cox.net charter.net earthlink.net juno.com netzero.net
optonline.net frontier.com windstream.net centurylink.net rogers.com sympatico.ca shaw.ca telus.net bell.net
videotron.ca
uol.com.br bol.com.br terra.com.br ig.com.br globo.com globomail.com prodigy.net.mx
bigpond.com bigpond.net.au optusnet.com.au iinet.net.au xtra.co.nz
mail.ru bk.ru list.ru inbox.ru yandex.ru yandex.com ya.ru rambler.ru ukr.net i.ua meta.ua
seznam.cz centrum.cz email.cz post.cz wp.pl onet.pl o2.pl interia.pl op.pl gazeta.pl vp.pl tlen.pl poczta.fm
abv.bg mail.bg citromail.hu freemail.hu azet.sk zoznam.sk siol.net otenet.gr
qq.com foxmail.com 163.com 126.com yeah.net sina.com sina.cn sohu.com 139.com 189.cn aliyun.com
naver.com daum.net hanmail.net nate.com docomo.ne.jp ezweb.ne.jp softbank.ne.jp nifty.com biglobe.ne.jp
rediffmail.com sify.com indiatimes.com walla.co.il walla.com netvision.net.il mynet.com
linkedin.com facebook.com instagram.com twitter.com x.com youtube.com xing.com github.com
sites.google.com wixsite.com wordpress.com blogspot.com
"""


def add(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    model = apps.get_model("accounts", "SharedDomain")
    model.objects.bulk_create(
        [model(domain=domain) for domain in dict.fromkeys(DOMAINS.split())], ignore_conflicts=True
    )


class Migration(migrations.Migration):
    dependencies = [("accounts", "0003_identity")]
    operations = [migrations.RunPython(add, migrations.RunPython.noop)]
