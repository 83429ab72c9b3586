"""How unevenly revenue is spread: stored each night, shown as of any day, and tried without some of its accounts."""
