"""What another reader makes of a HAR: stdin is its path, stdout what was found in it."""

import json
import sys

from haralyzer import HarParser

with open(sys.stdin.read().strip(), encoding="utf-8") as file:
    parser = HarParser(json.load(file))

entries = parser.har_data["entries"]
first = [e for page in parser.pages for e in page.entries] or [None]
out = []
for entry in entries:
    request, response = entry["request"], entry["response"]
    headers = {h["name"].lower(): h["value"] for h in request["headers"]}
    out.append({
        "method": request["method"],
        "url": request["url"],
        "status": response["status"],
        "time": entry["time"],
        "query": request["queryString"],
        "accept": headers.get("accept"),
        "matches": parser.match_headers(entry, "request", "accept", "application/json"),
        "json": parser.match_response_type(entry, "json") if hasattr(parser, "match_response_type") else None,
    })
print(json.dumps({
    "version": str(parser.version),
    "creator": parser.creator.name if hasattr(parser.creator, "name") else parser.creator["name"],
    "entries": out,
    "pages": len(parser.pages),
}))
