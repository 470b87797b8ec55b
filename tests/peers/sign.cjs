// Signs the requests on stdin with aws4 and writes their Authorization headers, one JSON array each way.
const aws4 = require("aws4");

const requests = JSON.parse(require("fs").readFileSync(0, "utf8"));
const signed = requests.map(({ credentials, ...request }) => {
  const ignored = { accept: true, "content-length": true, "x-other": true };
  return aws4.sign({ ...request, extraHeadersToIgnore: ignored }, credentials).headers.Authorization;
});
process.stdout.write(JSON.stringify(signed));
