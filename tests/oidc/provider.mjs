// A real OpenID Connect provider on a free port of this machine. It prints its issuer in one line and ends when its
// standard input does, so that it never outlives the test that started it. All people and resources are made up.

import http from 'node:http';
import { generateKeyPair, exportJWK } from 'jose';
import { Provider } from 'oidc-provider';

const PERSON = {
  sub: 'person-7f3a91c2d4',
  name: 'Josephine Quillfeather',
  given_name: 'Josephine',
  family_name: 'Quillfeather',
  email: 'josephine.quillfeather@customers.example',
  email_verified: true,
  phone_number: '+49 30 5550 0173',
  phone_number_verified: true,
  address: { street_address: 'Kestrelgasse 14', locality: 'Ravensbrook', country: 'Nowhereland' },
};

// Each protected API wants its access tokens in another way (RFC 8707, RFC 9068). None: opaque tokens.
const RESOURCES = {
  'urn:shop:orders': { scope: 'orders:read orders:write', jwt: { sign: { alg: 'RS256' } } },
  'urn:shop:payments': { scope: 'payments:read', jwt: { sign: { alg: 'ES256' } } },
  'urn:shop:archive': { scope: 'archive:read', jwt: { sign: { alg: 'EdDSA' } } },
  'urn:shop:ledger': { scope: 'ledger:read', opaque: true },
};

const server = http.createServer();
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
const issuer = `http://127.0.0.1:${server.address().port}`;

const key = async (alg, kid) => {
  const { privateKey } = await generateKeyPair(alg, { extractable: true });
  return { ...(await exportJWK(privateKey)), alg, kid, use: 'sig' };
};

// The provider encrypts a resource's tokens for that resource.
const sealed = await generateKeyPair('ECDH-ES+A256KW', { extractable: true });
RESOURCES['urn:shop:vault'] = {
  scope: 'vault:read',
  jwt: { sign: { alg: 'ES256' }, encrypt: { alg: 'ECDH-ES+A256KW', enc: 'A256GCM', key: sealed.publicKey, kid: 'vault-1' } },
};

const provider = new Provider(issuer, {
  jwks: { keys: [await key('RS256', 'rsa-1'), await key('PS256', 'pss-1'), await key('ES256', 'ec-1'), await key('EdDSA', 'ed-1')] },
  cookies: { keys: ['of-this-test-run-only'] },
  // The clients and their endpoints live on this machine, where the provider's own guard would not let it call.
  fetch: (url, { dispatcher, ...options }) => globalThis.fetch(url, options),
  findAccount: () => ({ accountId: PERSON.sub, claims: () => PERSON }),
  claims: { openid: ['sub'], profile: ['name', 'given_name', 'family_name'], email: ['email', 'email_verified'], phone: ['phone_number', 'phone_number_verified'], address: ['address'] },
  scopes: ['openid', 'offline_access', 'profile', 'email', 'phone', 'address'],
  conformIdTokenClaims: false,
  enabledJWA: { idTokenSigningAlgValues: ['RS256', 'PS256', 'ES256', 'EdDSA', 'HS256'] },
  ttl: { AccessToken: 3600, ClientCredentials: 600, IdToken: 3600, RefreshToken: 86400, AuthorizationCode: 60, Session: 3600, Grant: 3600, Interaction: 600 },
  pkce: { required: () => false },
  extraTokenClaims: (ctx, token) => (token.accountId ? { department: 'Returns and Refunds', act: { sub: 'gateway-for-returns' } } : undefined),
  features: {
    devInteractions: { enabled: false },
    backchannelLogout: { enabled: true },
    clientCredentials: { enabled: true },
    dPoP: { enabled: true },
    encryption: { enabled: true },
    introspection: { enabled: true, allowedPolicy: () => true },
    jwtIntrospection: { enabled: true },
    jwtResponseModes: { enabled: true },
    jwtUserinfo: { enabled: true },
    registration: { enabled: true },
    requestObjects: { enabled: true },
    rpInitiatedLogout: {
      enabled: true,
      logoutSource: (ctx, form) => { ctx.body = form; },
    },
    resourceIndicators: {
      enabled: true,
      defaultResource: () => undefined,
      useGrantedResource: () => true,
      getResourceServerInfo: (ctx, indicator) => {
        const { scope, jwt, opaque } = RESOURCES[indicator];
        return { audience: indicator, scope, accessTokenTTL: 3600, ...(opaque ? { accessTokenFormat: 'opaque' } : { accessTokenFormat: 'jwt', jwt }) };
      },
    },
  },
  renderError: (ctx, out) => { ctx.type = 'json'; ctx.body = out; },
});
provider.on('server_error', (ctx, error) => console.error(error));
provider.on('backchannel.error', (ctx, error) => console.error(error));

// Whoever comes is that person, has a password and agrees to everything: the login page is not what is tested.
const agree = async (request, response) => {
  const { prompt, params, session } = await provider.interactionDetails(request, response);
  if (prompt.name === 'login') {
    await provider.interactionFinished(request, response, { login: { accountId: PERSON.sub, amr: ['pwd'], acr: 'urn:shop:silver' } });
    return;
  }
  const grant = new provider.Grant({ accountId: session.accountId, clientId: params.client_id });
  grant.addOIDCScope(params.scope);
  grant.addOIDCClaims(prompt.details.missingOIDCClaims ?? []);
  for (const [indicator, { scope }] of Object.entries(RESOURCES)) grant.addResourceScope(indicator, scope);
  await provider.interactionFinished(request, response, { consent: { grantId: await grant.save() } }, { mergeWithLastSubmission: true });
};

const callback = provider.callback();
server.on('request', (request, response) => {
  if (request.url.startsWith('/interaction/')) {
    agree(request, response).catch((error) => {
      console.error(error);
      response.writeHead(500).end();
    });
  } else {
    callback(request, response);
  }
});

process.stdin.on('end', () => process.exit(0)).resume();
console.log(issuer);
