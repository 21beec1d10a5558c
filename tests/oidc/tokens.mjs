// The clients of the provider: they register, run each flow as their users would, check what they get with a second
// library, and print it, one JSON object a line: its name, the token, and what is in it.
//
//   node tokens.mjs ISSUER

import http from 'node:http';
import * as jose from 'jose';

// A flow that hangs must not hang the tests.
setTimeout(() => { throw new Error('the flows do not end'); }, 120_000).unref();

const issuer = process.argv[2];
const discovery = await (await fetch(`${issuer}/.well-known/openid-configuration`)).json();
const providerKeys = jose.createRemoteJWKSet(new URL(discovery.jwks_uri));

function ensure(holds, what) {
  if (!holds) throw new Error(what);
}

// What a test needs: the token, what it says, and, where it is encrypted, the signed token inside. `proven`: its signature
// was checked, or the provider has accepted it.
function give(name, token, { header, claims, inner, proven } = {}) {
  console.log(JSON.stringify({ name, token, header, claims, inner, proven }));
}

// ---- Speaking HTTP ----

async function json(url, options, status = 200) {
  const response = await fetch(url, options);
  const text = await response.text();
  ensure(response.status === status, `${url}: ${response.status} ${text}`);
  return JSON.parse(text);
}

const form = (fields, headers = {}) => ({ method: 'POST', headers, body: new URLSearchParams(fields) });

// A browser: it keeps cookies and follows redirects as long as they lead to the provider.
class Browser {
  #cookies = new Map();

  async request(url, options = {}) {
    for (let step = 0; step < 12; step += 1) {
      const cookie = [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; ');
      const response = await fetch(url, { ...options, redirect: 'manual', headers: { ...options.headers, cookie } });
      for (const line of response.headers.getSetCookie()) {
        const [pair] = line.split(';');
        const at = pair.indexOf('=');
        this.#cookies.set(pair.slice(0, at), pair.slice(at + 1));
      }
      const location = response.headers.get('location');
      if (!location) return { response, text: await response.text() };
      const next = new URL(location, url);
      if (next.origin !== issuer) return { arrived: next };
      [url, options] = [next.href, {}];
    }
    throw new Error('the redirects do not end');
  }
}

// ---- Clients ----

// The clients' own endpoint: where the provider sends logout tokens.
let logoutToken;
const endpoint = http.createServer(async (request, response) => {
  const body = [];
  for await (const chunk of request) body.push(chunk);
  logoutToken = new URLSearchParams(Buffer.concat(body).toString()).get('logout_token');
  response.writeHead(204).end();
});
await new Promise((resolve) => endpoint.listen(0, '127.0.0.1', resolve));
const home = `http://127.0.0.1:${endpoint.address().port}`;

async function keys(alg, use, kid) {
  const { publicKey, privateKey } = await jose.generateKeyPair(alg, { extractable: true });
  return { alg, kid, privateKey, jwk: { ...(await jose.exportJWK(publicKey)), alg, use, kid } };
}

async function register(metadata) {
  return json(discovery.registration_endpoint, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ redirect_uris: [`${home}/cb`], ...metadata }),
  }, 201);
}

const basic = (client) => ({ authorization: `Basic ${Buffer.from(`${client.client_id}:${client.client_secret}`).toString('base64')}` });

// ---- Checking what comes ----

async function verified(token, options) {
  const { payload, protectedHeader } = await jose.jwtVerify(token, providerKeys, { issuer, ...options });
  return { header: protectedHeader, claims: payload, proven: true };
}

async function opened(token, key) {
  const { plaintext, protectedHeader } = await jose.compactDecrypt(token, key.privateKey);
  const inner = new TextDecoder().decode(plaintext);
  return { header: protectedHeader, inner, claims: (await verified(inner)).claims, proven: true };
}

const own = (token) => ({ header: jose.decodeProtectedHeader(token), claims: jose.decodeJwt(token), proven: true });

// ---- Flows ----

// The authorization code flow (RFC 6749 §4.1), up to the code.
async function login(client, browser, fields) {
  const url = new URL(discovery.authorization_endpoint);
  url.search = new URLSearchParams({ client_id: client.client_id, redirect_uri: `${home}/cb`, response_type: 'code', state: `state-of-${client.client_id}`, ...fields });
  const { arrived, text } = await browser.request(url.href);
  ensure(arrived, `no way back to the client: ${text}`);
  return arrived.searchParams;
}

async function redeemed(client, code, fields = {}, headers = {}) {
  return json(discovery.token_endpoint, form({ grant_type: 'authorization_code', code, redirect_uri: `${home}/cb`, ...fields }, { ...basic(client), ...headers }));
}

const readScope = (resource) => `${resource.split(':').at(-1)}:read`;

// A service that signs in with a key of its own (RFC 7523) and asks for tokens of four APIs (RFC 6749 §4.4, RFC 8707).
async function service() {
  const signing = await keys('ES256', 'sig', 'svc-1');
  const client = await register({
    grant_types: ['client_credentials'], response_types: [], redirect_uris: [],
    token_endpoint_auth_method: 'private_key_jwt', token_endpoint_auth_signing_alg: 'ES256', jwks: { keys: [signing.jwk] },
  });
  for (const [name, resource, alg] of [['access-rs256', 'urn:shop:orders', 'RS256'], ['access-es256', 'urn:shop:payments', 'ES256'], ['access-eddsa', 'urn:shop:archive', 'EdDSA'], ['access-encrypted', 'urn:shop:vault', undefined]]) {
    const assertion = await new jose.SignJWT({ jti: crypto.randomUUID() })
      .setProtectedHeader({ alg: 'ES256', kid: signing.kid }).setIssuer(client.client_id).setSubject(client.client_id)
      .setAudience(issuer).setIssuedAt().setExpirationTime('2m').sign(signing.privateKey);
    const answer = await json(discovery.token_endpoint, form({
      grant_type: 'client_credentials', resource, scope: readScope(resource), client_id: client.client_id,
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer', client_assertion: assertion,
    }));
    if (name === 'access-rs256') give('client-assertion', assertion, own(assertion));
    const what = alg ? await verified(answer.access_token, { audience: resource, typ: 'at+jwt', algorithms: [alg] }) : { header: jose.decodeProtectedHeader(answer.access_token) };
    give(name, answer.access_token, what);
  }
}

// A shop that signs people in, keeps their session with a refresh token and is told when they leave.
async function shop() {
  const client = await register({
    grant_types: ['authorization_code', 'refresh_token'], response_types: ['code'],
    backchannel_logout_uri: `${home}/logout`, backchannel_logout_session_required: true,
    post_logout_redirect_uris: [`${home}/bye`], userinfo_signed_response_alg: 'PS256',
  });
  const browser = new Browser();
  const scope = 'openid profile email phone address offline_access orders:read';
  const code = (await login(client, browser, { scope, prompt: 'consent', nonce: 'nonce-of-the-shop-51c7', resource: 'urn:shop:orders' })).get('code');
  const answer = await redeemed(client, code, { resource: 'urn:shop:orders' });
  give('id-rs256', answer.id_token, await verified(answer.id_token, { audience: client.client_id, algorithms: ['RS256'] }));
  give('access-of-a-person', answer.access_token, await verified(answer.access_token, { audience: 'urn:shop:orders', typ: 'at+jwt' }));
  give('refresh-opaque', answer.refresh_token);
  const again = await json(discovery.token_endpoint, form({ grant_type: 'refresh_token', refresh_token: answer.refresh_token }, basic(client)));
  give('id-refreshed', again.id_token, await verified(again.id_token, { audience: client.client_id }));

  // Without a resource the token is opaque and good for the user information endpoint only (OpenID Connect Core §5.3.2).
  const plain = await redeemed(client, (await login(client, browser, { scope: 'openid profile email' })).get('code'));
  const userinfo = await (await fetch(discovery.userinfo_endpoint, { headers: { authorization: `Bearer ${plain.access_token}` } })).text();
  give('userinfo', userinfo, await verified(userinfo, { audience: client.client_id, algorithms: ['PS256'] }));

  const ending = new URL(discovery.end_session_endpoint);
  ending.search = new URLSearchParams({ id_token_hint: answer.id_token, post_logout_redirect_uri: `${home}/bye` });
  const { text } = await browser.request(ending.href);
  const [, xsrf] = /name="xsrf" value="([^"]+)"/.exec(text);
  const left = await browser.request(`${discovery.end_session_endpoint}/confirm`, form({ xsrf, logout: 'yes' }));
  ensure(left.arrived?.pathname === '/bye', 'the logout does not end where it should');
  ensure(logoutToken, 'no logout token came');
  give('logout', logoutToken, await verified(logoutToken, { audience: client.client_id, typ: 'logout+jwt' }));
}

// Clients whose ID tokens are encrypted for them, or signed with their secret.
async function quiet() {
  const cases = [
    ['id-rsa-encrypted', 'RSA-OAEP-256', 'A256GCM', 'ES256'],
    ['id-ecdh-encrypted', 'ECDH-ES', 'A128CBC-HS256', 'RS256'],
  ];
  for (const [name, alg, enc, signed] of cases) {
    const key = await keys(alg, 'enc', `${name}-key`);
    const client = await register({
      grant_types: ['authorization_code'], response_types: ['code'], id_token_signed_response_alg: signed,
      id_token_encrypted_response_alg: alg, id_token_encrypted_response_enc: enc, jwks: { keys: [key.jwk] },
    });
    const code = (await login(client, new Browser(), { scope: 'openid profile email', nonce: `nonce-of-${name}` })).get('code');
    const { id_token: token } = await redeemed(client, code);
    give(name, token, await opened(token, key));
  }
  const client = await register({ grant_types: ['authorization_code'], response_types: ['code'], id_token_signed_response_alg: 'HS256' });
  const code = (await login(client, new Browser(), { scope: 'openid email', nonce: 'nonce-of-a-secret' })).get('code');
  const { id_token: token } = await redeemed(client, code);
  const { payload, protectedHeader } = await jose.jwtVerify(token, new TextEncoder().encode(client.client_secret), { issuer, audience: client.client_id, algorithms: ['HS256'] });
  give('id-hs256', token, { header: protectedHeader, claims: payload, proven: true });
}

// A bank's app: signed requests (RFC 9101), signed answers (JARM), tokens bound to its key (RFC 9449).
async function bank() {
  const signing = await keys('PS256', 'sig', 'bank-1');
  const client = await register({
    grant_types: ['authorization_code'], response_types: ['code'], request_object_signing_alg: 'PS256',
    authorization_signed_response_alg: 'ES256', dpop_bound_access_tokens: true, jwks: { keys: [signing.jwk] },
  });
  const request = await new jose.SignJWT({
    client_id: client.client_id, response_type: 'code', response_mode: 'jwt', redirect_uri: `${home}/cb`, scope: 'openid profile payments:read',
    state: 'state-of-the-bank-8d21', nonce: 'nonce-of-the-bank-09af', resource: 'urn:shop:payments', login_hint: 'josephine.quillfeather@customers.example',
  }).setProtectedHeader({ alg: 'PS256', kid: signing.kid, typ: 'oauth-authz-req+jwt' })
    .setIssuer(client.client_id).setAudience(issuer).setIssuedAt().setNotBefore('0s').setExpirationTime('5m').sign(signing.privateKey);
  const response = (await login(client, new Browser(), { request, scope: 'openid', state: '' })).get('response');
  give('request-object', request, own(request));
  const jarm = await verified(response, { audience: client.client_id, algorithms: ['ES256'] });
  give('jarm', response, jarm);

  const bound = await jose.generateKeyPair('ES256', { extractable: true });
  const proof = await new jose.SignJWT({ jti: crypto.randomUUID(), htm: 'POST', htu: discovery.token_endpoint })
    .setProtectedHeader({ alg: 'ES256', typ: 'dpop+jwt', jwk: await jose.exportJWK(bound.publicKey) }).setIssuedAt().sign(bound.privateKey);
  const answer = await redeemed(client, jarm.claims.code, { resource: 'urn:shop:payments' }, { dpop: proof });
  ensure(answer.token_type === 'DPoP', 'the token is bound to the key');
  give('dpop-proof', proof, own(proof));
  const access = await verified(answer.access_token, { audience: 'urn:shop:payments', typ: 'at+jwt' });
  ensure(access.claims.cnf.jkt === await jose.calculateJwkThumbprint(await jose.exportJWK(bound.publicKey)), 'the token names the key');
  give('access-dpop-bound', answer.access_token, access);
}

// An API that asks what an opaque token means, and gets a signed or an encrypted answer (RFC 9701).
async function ledger() {
  const key = await keys('ECDH-ES', 'enc', 'ledger-1');
  const plain = { grant_types: ['client_credentials'], response_types: [], redirect_uris: [] };
  const signed = await register({ ...plain, introspection_signed_response_alg: 'ES256' });
  const sealed = await register({
    ...plain, introspection_signed_response_alg: 'RS256', introspection_encrypted_response_alg: 'ECDH-ES', introspection_encrypted_response_enc: 'A256GCM',
    jwks: { keys: [key.jwk] },
  });
  const { access_token: token } = await json(discovery.token_endpoint, form({ grant_type: 'client_credentials', resource: 'urn:shop:ledger', scope: 'ledger:read' }, basic(signed)));
  const ask = async (client) => {
    const response = await fetch(discovery.introspection_endpoint, form({ token }, { ...basic(client), accept: 'application/token-introspection+jwt' }));
    const text = await response.text();
    ensure(response.status === 200, `introspection: ${response.status} ${text}`);
    return text;
  };
  const answer = await ask(signed);
  const what = await verified(answer, { typ: 'token-introspection+jwt', algorithms: ['ES256'] });
  ensure(what.claims.token_introspection.active === true, 'the token is active');
  give('introspection', answer, what);
  const closed = await ask(sealed);
  give('introspection-encrypted', closed, await opened(closed, key));
}

await service();
await shop();
await quiet();
await bank();
await ledger();
endpoint.close();
