// A browser visits the pages it is given and keeps what it did as HAR. It reaches loopback and nothing else.
//
// stdin: {"har": PATH, "visits": [{"method", "url", "headers", "body"}]}; stdout: {"statuses": [...]}.
import { chromium } from 'playwright-core';

let text = '';
for await (const part of process.stdin) text += part;
const { har, program, visits } = JSON.parse(text);

const browser = await chromium.launch({
  executablePath: program,
  args: [
    '--no-sandbox',
    '--disable-gpu',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-default-apps',
    '--disable-domain-reliability',
    '--disable-sync',
    '--no-first-run',
    '--no-pings',
    '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost',
  ],
});
const context = await browser.newContext({ recordHar: { path: har, content: 'embed' }, ignoreHTTPSErrors: true });
const page = await context.newPage();
const statuses = [];
for (const { method, url, headers, body } of visits) {
  if (!method) {
    statuses.push((await page.goto(url)).status());
    continue;
  }
  const ask = async ([method, url, headers, body]) =>
    (await fetch(url, { method, headers, body, credentials: 'include' })).status;
  statuses.push(await page.evaluate(ask, [method, url, headers, body]));
}
await context.close();
await browser.close();
process.stdout.write(JSON.stringify({ statuses }));
