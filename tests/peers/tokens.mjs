// Tokens by `jose` of npm. Standard input: {"make": [alg], "check": [{alg, key, token}], "seal": [{alg, enc, crv}]}; standard
// output the same with answers. Keys are JWKs and travel in these documents only.
import {
  CompactEncrypt, CompactSign, FlattenedSign, GeneralSign, compactVerify, exportJWK, generateKeyPair, generateSecret, generalVerify,
  importJWK,
} from 'jose'
import { text } from 'node:stream/consumers'

const ask = JSON.parse(await text(process.stdin))
const bytes = (s) => new TextEncoder().encode(s)
const answer = { made: [], checked: [], sealed: [] }

const fresh = async (alg, enc, crv) => {
  const extractable = { extractable: true, ...(crv ? { crv } : {}) }
  if (alg === 'dir') return generateSecret(enc, extractable)
  if (/^(HS|A\d)/.test(alg)) return generateSecret(alg, extractable)
  return generateKeyPair(alg, extractable)
}

for (const alg of ask.make ?? []) {
  const key = await fresh(alg)
  const token = await new CompactSign(bytes(`{"by":"jose","alg":"${alg}"}`))
    .setProtectedHeader({ alg }).sign(key.privateKey ?? key)
  answer.made.push({ alg, key: await exportJWK(key.privateKey ?? key), token })
}
if (ask.make) {
  const [a, b] = [await fresh('ES256'), await fresh('HS512')]
  const general = new GeneralSign(bytes('{"by":"jose"}'))
  general.addSignature(a.privateKey).setProtectedHeader({ alg: 'ES256' }).setUnprotectedHeader({ kid: 'a' })
  general.addSignature(b).setProtectedHeader({ alg: 'HS512' })
  answer.general = { token: await general.sign(), keys: [await exportJWK(a.privateKey), await exportJWK(b)] }
  const raw = new FlattenedSign(bytes('$.02')).setProtectedHeader({ alg: 'HS512', b64: false, crit: ['b64'] })
  answer.detached = { payload: '$.02', token: await raw.sign(b), key: await exportJWK(b) }
}
for (const { alg, key, token } of ask.check ?? []) {
  const found = typeof token === 'string'
    ? await compactVerify(token, await importJWK(key, alg), { algorithms: [alg] })
    : await generalVerify(token, await importJWK(key, alg), { algorithms: [alg] })
  answer.checked.push(new TextDecoder().decode(found.payload))
}
for (const { alg, enc, crv } of ask.seal ?? []) {
  const key = await fresh(alg, enc, crv)
  const token = await new CompactEncrypt(bytes(`{"by":"jose","enc":"${enc}"}`))
    .setProtectedHeader({ alg, enc }).encrypt(key.publicKey ?? key)
  answer.sealed.push({ alg, enc, key: await exportJWK(key.privateKey ?? key), token })
}
process.stdout.write(JSON.stringify(answer))
