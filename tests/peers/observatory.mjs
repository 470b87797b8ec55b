// Grades header sets with the Observatory's own library: one JSON object a line on stdin, one a line on stdout with the
// result of each test. It opens no connection.
import fs from "node:fs";
import path from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const root = path.join(path.dirname(fileURLToPath(import.meta.url)), "node_modules/@mdn/mdn-http-observatory");
// The list of preloaded hosts is fetched after an install, which does not happen here: nobody is preloaded.
const preload = path.join(root, "conf/hsts-preload.json");
if (!fs.existsSync(preload)) fs.writeFileSync(preload, "{}");

const load = (file) => import(path.join(root, "src", file));
const { ALL_TESTS, ALGORITHM_VERSION } = await load("constants.js");
const { Requests, HTML_TYPES } = await load("types.js");
const { parseHttpEquivHeaders } = await load("retriever/utils.js");
const { AxiosHeaders } = await import("axios");
const { CookieJar } = await import("tough-cookie");

const firstOnly = new Set(["content-type", "etag", "expires", "location", "server", "retry-after", "last-modified"]);

// As the client of the library hands headers over, but for policies: later versions split those at their commas.
function merged(list) {
  const out = {};
  for (const [name, value] of list) {
    const key = name.toLowerCase();
    if (key === "set-cookie") (out[key] ??= []).push(value);
    else if (!(key in out)) out[key] = value;
    else if (!firstOnly.has(key)) out[key] += ", " + value;
  }
  const policy = "content-security-policy";
  if (policy in out) out[policy] = out[policy].split(",").map((p) => p.trim());
  return out;
}

function grade(set) {
  const url = new URL(set.url);
  const requests = new Requests(url.hostname);
  const headers = merged(set.headers);
  const response = () => ({
    headers: new AxiosHeaders(headers),
    status: 200,
    verified: set.verified,
    request: { headers: { origin: set.origin } },
  });
  const jar = new CookieJar();
  for (const cookie of headers["set-cookie"] ?? []) jar.setCookieSync(cookie, set.url, { ignoreError: true });
  requests.session = { url, jar };
  requests.resources.path = set.body;
  const { responses } = requests;
  responses.auto = response();
  responses.cors = response();
  if (url.protocol === "https:") responses.https = responses.auto;
  if (set.route.length > 0) {
    responses.http = { ...response(), verified: true };
    responses.httpRedirects = set.route.map((u) => ({ url: new URL(u), status: 301 }));
  }
  const html = HTML_TYPES.has(headers["content-type"]?.split(";")[0]) && set.body;
  const metas = html ? parseHttpEquivHeaders(set.body, set.url) : new Map();
  const policy = "content-security-policy";
  if (metas.has(policy)) metas.set(policy, metas.get(policy).flatMap((v) => v.split(",").map((p) => p.trim())));
  responses.auto.httpEquiv = metas;
  return Object.fromEntries(
    ALL_TESTS.map((test) => {
      const out = test(requests);
      return [out.constructor.name, out.result];
    }),
  );
}

console.log(JSON.stringify({ algorithm: ALGORITHM_VERSION }));
for await (const line of createInterface({ input: process.stdin })) {
  console.log(JSON.stringify(grade(JSON.parse(line))));
}
