//! Claim sets as issuers make them (made up: no tenant, person or key is real), and what lies about itself.

use super::*;
use crate::base64::encode;
use crate::made::{found, jwe};

/// A compact JWS with a signature of the algorithm's length, found the way it would be in a log.
fn jws(header: &str, payload: &str) -> Token {
    let alg = crate::json::parse(header.as_bytes());
    let signature = match alg.value.get("alg").and_then(crate::json::Value::as_str) {
        Some("HS256") => 32,
        Some("ES256") => 64,
        _ => 256,
    };
    found(&format!("{}.{}.{}", encode(header.as_bytes()), encode(payload.as_bytes()), encode(&vec![7; signature])))
}

#[track_caller]
fn check(expected: Class, cases: &[(&str, &str, &str)]) {
    for (name, header, payload) in cases {
        assert_eq!(class(&jws(header, payload)), expected, "{name}");
    }
}

const RS: &str = r#"{"alg":"RS256","kid":"2f9a"}"#;
const RS_JWT: &str = r#"{"typ":"JWT","alg":"RS256","kid":"2f9a"}"#;
const HS: &str = r#"{"alg":"HS256","typ":"JWT"}"#;

#[test]
fn access_tokens() {
    check(
        Class::Access,
        &[
            (
                "RFC 9068",
                r#"{"alg":"RS256","typ":"at+jwt","kid":"k1"}"#,
                r#"{"iss":"https://as.example/","sub":"5ba552d67","aud":"https://rs.example/","exp":1795518420,"iat":1795514820,"jti":"dbe39bf3a3ba4238a513f51d6e1691c4","client_id":"s6BhdRkqt3","scope":"openid profile reademail"}"#,
            ),
            (
                "RFC 9068, whole media type",
                r#"{"alg":"RS256","typ":"application/AT+JWT"}"#,
                r#"{"iss":"https://as.example/","sub":"a","nonce":"n","at_hash":"h"}"#,
            ),
            (
                "Entra v1, delegated",
                r#"{"typ":"JWT","alg":"RS256","x5t":"i6lGk3FZzxRcUb2C3nEQ7syHJlY","kid":"i6lGk3FZzxRcUb2C3nEQ7syHJlY"}"#,
                r#"{"aud":"ef1da9d4-ff77-4c3e-a005-840c3f830745","iss":"https://sts.windows.net/fa15d692-e9c7-4460-a743-29f29522229/","iat":1795514820,"nbf":1795514820,"exp":1795518720,"acr":"1","aio":"AXQAi/8IAAAA","amr":["pwd","mfa"],"appid":"75dbe77f-10a3-4e59-85fd-8c127544f17c","appidacr":"0","email":"jo@example.org","family_name":"Doe","given_name":"Jo","ipaddr":"203.0.113.7","name":"Jo Doe","oid":"b9ceb5d1-0000-4000-8000-1f4b3d2c1a00","rh":"0.AXEA","scp":"access_as_user","sub":"l3_roISQU222bULS9yi2k0XpqpOiMz5H3ZACo1GeXA","tid":"fa15d692-e9c7-4460-a743-29f29522229","unique_name":"jo@example.org","uti":"FVsGxYXI30-TuikuuUoFAA","ver":"1.0"}"#,
            ),
            (
                "Entra v1, application",
                RS_JWT,
                r#"{"aud":"https://graph.microsoft.com","iss":"https://sts.windows.net/72f9/","iat":1795514820,"nbf":1795514820,"exp":1795518720,"aio":"E2Zg","app_displayname":"nightly","appid":"11112222-0000-4000-8000-333344445555","appidacr":"1","idp":"https://sts.windows.net/72f9/","idtyp":"app","oid":"0e8","roles":["Directory.Read.All"],"sub":"0e8","tid":"72f9","uti":"x","ver":"1.0","wids":["0997a1d0"],"xms_tcdt":1289241547}"#,
            ),
            (
                "Entra v2, delegated",
                RS_JWT,
                r#"{"aud":"6e74172b-be56-4843-9ff4-e66a39bb12e3","iss":"https://login.microsoftonline.com/72f988bf/v2.0","iat":1795514820,"nbf":1795514820,"exp":1795518720,"aio":"AXQAi/8I","azp":"6e74172b-be56-4843-9ff4-e66a39bb12e3","azpacr":"0","name":"Jo Doe","oid":"690222be","preferred_username":"jo@example.org","rh":"I","scp":"access_as_user","sub":"HKZpfaHyWadeOouYlitjrI","tid":"72f988bf","uti":"fqiBqXLPj0eQa82S","ver":"2.0"}"#,
            ),
            (
                "Entra External ID with a nonce",
                RS_JWT,
                r#"{"iss":"https://t.b2clogin.com/4f8f/v2.0/","exp":1795518720,"nbf":1795514820,"aud":"90c0fe63","idp":"LocalAccount","sub":"88b7","tfp":"B2C_1_sign_in","nonce":"anyRandomValue","scp":"read","azp":"a5d1","ver":"1.0","iat":1795514820}"#,
            ),
            (
                "Okta, custom server",
                RS,
                r#"{"ver":1,"jti":"AT.0mP4JKAZX1iACIT4vbEDF7LpvDVjxypPMf0D7uX39RE","iss":"https://org.okta.example/oauth2/default","aud":"api://default","iat":1795514820,"exp":1795518420,"cid":"nmdP1fcyvdVO11AL7ECm","uid":"00ujmkLgagxeRrAg20g3","scp":["openid","email"],"auth_time":1795514800,"sub":"jo@example.org"}"#,
            ),
            (
                "Okta, its own API",
                r#"{"alg":"RS256","typ":"application/okta-internal-at+jwt"}"#,
                r#"{"iss":"https://org.okta.example","sub":"jo@example.org","auth_time":1}"#,
            ),
            (
                "Auth0",
                RS_JWT,
                r#"{"iss":"https://acme.eu.auth0.example/","sub":"auth0|5f7c8ec7c33c6c004bbafe82","aud":["https://api.example/","https://acme.eu.auth0.example/userinfo"],"iat":1795514820,"exp":1795601220,"azp":"my_client_id","scope":"openid profile read:contacts","permissions":["read:contacts"]}"#,
            ),
            (
                "Auth0, client credentials without scopes",
                RS_JWT,
                r#"{"iss":"https://acme.eu.auth0.example/","sub":"abc@clients","aud":"https://api.example/","iat":1795514820,"exp":1795601220,"azp":"abc","gty":"client-credentials"}"#,
            ),
            (
                "Keycloak",
                RS_JWT,
                r#"{"exp":1795515120,"iat":1795514820,"auth_time":1795514800,"jti":"onrtac:5f1a","iss":"https://sso.example/realms/shop","aud":"account","sub":"f:1","typ":"Bearer","azp":"web","sid":"9d","acr":"1","allowed-origins":["https://shop.example"],"realm_access":{"roles":["offline_access"]},"resource_access":{"account":{"roles":["view-profile"]}},"scope":"openid email","preferred_username":"jo"}"#,
            ),
            (
                "Keycloak, DPoP-bound",
                RS_JWT,
                r#"{"exp":1795515120,"iat":1795514820,"iss":"https://sso.example/realms/shop","sub":"f:1","typ":"DPoP","azp":"web","cnf":{"jkt":"0ZcOCORZNYy"},"scope":"openid"}"#,
            ),
            (
                "Cognito",
                RS,
                r#"{"sub":"aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee","cognito:groups":["g"],"iss":"https://cognito-idp.us-east-1.amazonaws.com/us-east-1_example","version":2,"client_id":"xxxxxxxxxxxxexample","origin_jti":"o","token_use":"access","scope":"phone openid","auth_time":1795514820,"exp":1795518420,"iat":1795514820,"jti":"j","username":"my-test-user"}"#,
            ),
            (
                "Google service account in place of one",
                r#"{"alg":"RS256","typ":"JWT","kid":"d1"}"#,
                r#"{"iss":"job@acme.iam.gserviceaccount.com","sub":"job@acme.iam.gserviceaccount.com","aud":"https://pubsub.googleapis.com/","iat":1795514820,"exp":1795518420}"#,
            ),
            (
                "GoTrue",
                HS,
                r#"{"aud":"authenticated","exp":1795518420,"iat":1795514820,"iss":"https://ref.supabase.example/auth/v1","sub":"b7","email":"jo@example.org","phone":"","app_metadata":{"provider":"email"},"user_metadata":{},"role":"authenticated","aal":"aal1","amr":[{"method":"password","timestamp":1795514820}],"session_id":"5d"}"#,
            ),
            ("a web framework", HS, r#"{"token_type":"access","exp":1795518420,"iat":1795514820,"jti":"2f","user_id":1}"#),
            ("scopes in an array", HS, r#"{"sub":"svc","scp":["a","b"],"exp":1795518420}"#),
            ("scope of the wrong type is a scope still", HS, r#"{"sub":"svc","scope":7,"exp":1795518420}"#),
        ],
    );
}

#[test]
fn id_tokens() {
    check(
        Class::Id,
        &[
            (
                "OpenID Connect Core",
                r#"{"alg":"RS256"}"#,
                r#"{"iss":"https://server.example","sub":"24400320","aud":"s6BhdRkqt3","nonce":"n-0S6_WzA2Mj","exp":1795518720,"iat":1795514820,"auth_time":1795514800,"acr":"urn:mace:incommon:iap:silver"}"#,
            ),
            (
                "with at_hash and a scope",
                RS,
                r#"{"iss":"https://server.example","sub":"2","aud":"c","at_hash":"77QmUPtjPfzWtF2AnpK9RQ","scope":"openid","exp":1}"#,
            ),
            (
                "Entra v1",
                RS_JWT,
                r#"{"aud":"b14a7505","iss":"https://sts.windows.net/fa15d692/","iat":1795514820,"nbf":1795514820,"exp":1795518720,"amr":["pwd"],"family_name":"Doe","given_name":"Jo","ipaddr":"203.0.113.7","name":"Jo Doe","nonce":"123523","oid":"05833b6b","sub":"5_J9rSss8","tid":"fa15d692","unique_name":"jo@example.org","uti":"Lxe","ver":"1.0"}"#,
            ),
            (
                "Entra v2 without a nonce",
                RS_JWT,
                r#"{"ver":"2.0","iss":"https://login.microsoftonline.com/9122040d/v2.0","sub":"AAAAAAAAAAAAAAAAAAAAAIkzqFVrSaSaFHy782bbtaQ","aud":"6cb04018","exp":1795518720,"iat":1795514820,"nbf":1795514820,"name":"Jo Doe","preferred_username":"jo@example.org","oid":"00000000-0000-4000-8000-000000000000","tid":"9122040d","aio":"Df2UVXL1ix"}"#,
            ),
            (
                "Okta",
                RS,
                r#"{"sub":"00uid4BxXw6I6TV4m0g3","name":"Jo Doe","email":"jo@example.org","ver":1,"iss":"https://org.okta.example","aud":"uAaunofWkaDJxukCFeBx","iat":1795514820,"exp":1795518420,"jti":"ID.4eAWJOCMB3SX8XewDfVR","amr":["pwd"],"idp":"00o","preferred_username":"jo@example.org","auth_time":1795514800,"at_hash":"cpqKfdQA5eH891Ff5oJr_Q"}"#,
            ),
            (
                "Auth0",
                RS_JWT,
                r#"{"nickname":"jo","name":"Jo Doe","picture":"https://img.example/jo.png","updated_at":"2026-11-23T12:00:00Z","email":"jo@example.org","email_verified":true,"iss":"https://acme.eu.auth0.example/","aud":"my_client_id","iat":1795514820,"exp":1795550820,"sub":"auth0|5f7c","sid":"Mr","nonce":"bk"}"#,
            ),
            (
                "Keycloak",
                RS_JWT,
                r#"{"exp":1795515120,"iat":1795514820,"jti":"5f","iss":"https://sso.example/realms/shop","aud":"web","sub":"f:1","typ":"ID","azp":"web","sid":"9d","acr":"1","preferred_username":"jo"}"#,
            ),
            (
                "Cognito",
                RS,
                r#"{"sub":"aaaa","email_verified":true,"iss":"https://cognito-idp.us-east-1.amazonaws.com/us-east-1_example","cognito:username":"jo","aud":"xxxxxxxxxxxxexample","event_id":"64","token_use":"id","auth_time":1795514820,"exp":1795518420,"iat":1795514820,"email":"jo@example.org"}"#,
            ),
            (
                "Google",
                RS_JWT,
                r#"{"iss":"https://accounts.google.com","azp":"1234987819200.apps.googleusercontent.com","sub":"10769150350006150715113082367","at_hash":"HK6E_P6Dh8Y93mRNtsDB1Q","hd":"example.com","email":"jo@example.org","email_verified":"true","aud":"1234987819200.apps.googleusercontent.com","iat":1795514820,"exp":1795518420,"nonce":"0394852-3190485"}"#,
            ),
            (
                "Google, of a service account",
                RS_JWT,
                r#"{"aud":"https://svc-abc.a.run.app","azp":"1080","email":"job@acme.iam.gserviceaccount.com","email_verified":true,"exp":1795518420,"iat":1795514820,"iss":"https://accounts.google.com","sub":"1080"}"#,
            ),
            (
                "the client is the only audience",
                RS,
                r#"{"iss":"https://idp.example","sub":"a","aud":["web"],"azp":"web","exp":1795518420,"iat":1795514820}"#,
            ),
            (
                "self-issued (SIOP)",
                r#"{"alg":"ES256"}"#,
                r#"{"iss":"NzbLsXh8uDC","sub":"NzbLsXh8uDC","sub_jwk":{"kty":"EC"},"aud":"https://client.example","nonce":"n","exp":1795518420,"iat":1795514820}"#,
            ),
        ],
    );
}

#[test]
fn what_a_session_is_kept_and_ended_with() {
    check(
        Class::Refresh,
        &[
            (
                "Keycloak",
                HS,
                r#"{"exp":1795516620,"iat":1795514820,"jti":"4b","iss":"https://sso.example/realms/shop","aud":"https://sso.example/realms/shop","sub":"f:1","typ":"Refresh","azp":"web","sid":"9d","scope":"openid email"}"#,
            ),
            (
                "Keycloak, offline",
                HS,
                r#"{"iat":1795514820,"jti":"4b","iss":"https://sso.example/realms/shop","aud":"https://sso.example/realms/shop","sub":"f:1","typ":"Offline","azp":"web","scope":"openid offline_access"}"#,
            ),
            ("a web framework", HS, r#"{"token_type":"refresh","exp":1795601220,"iat":1795514820,"jti":"2f","user_id":1}"#),
            (
                "another web framework",
                HS,
                r#"{"fresh":false,"iat":1795514820,"jti":"8","type":"refresh","sub":"jo","nbf":1795514820,"csrf":"c","exp":1795601220}"#,
            ),
            (
                "Spring Security OAuth",
                RS_JWT,
                r#"{"user_name":"jo","scope":["read"],"ati":"d6","exp":1795601220,"authorities":["ROLE_USER"],"jti":"5c","client_id":"app"}"#,
            ),
            ("by type", r#"{"alg":"RS256","typ":"oi_reft+jwt"}"#, r#"{"sub":"a","scope":"openid"}"#),
        ],
    );
    check(
        Class::Logout,
        &[
            (
                "by type",
                r#"{"alg":"RS256","typ":"logout+jwt"}"#,
                r#"{"iss":"https://server.example","sub":"248","aud":"s6B","iat":1795514820,"exp":1795514940,"jti":"bWJq","events":{"http://schemas.openid.net/event/backchannel-logout":{}}}"#,
            ),
            (
                "by its event",
                RS,
                r#"{"iss":"https://server.example","aud":"s6B","iat":1795514820,"jti":"bWJq","sid":"08a5","events":{"http://schemas.openid.net/event/backchannel-logout":{}}}"#,
            ),
            (
                "Keycloak before it had a type",
                RS_JWT,
                r#"{"iat":1795514820,"jti":"1","iss":"https://sso.example/realms/shop","aud":"web","typ":"Logout","sid":"9d"}"#,
            ),
        ],
    );
}

#[test]
fn events_proofs_requests_and_answers() {
    check(
        Class::Set,
        &[
            (
                "by type",
                r#"{"typ":"secevent+jwt","alg":"RS256"}"#,
                r#"{"iss":"https://scim.example","iat":1795514820,"jti":"4d","aud":["https://scim.example/Feeds/98d5"],"events":{"urn:ietf:params:scim:event:create":{"ref":"https://scim.example/Users/44f6"}}}"#,
            ),
            (
                "CAEP without its type",
                RS,
                r#"{"iss":"https://idp.example/","jti":"24c6","iat":1795514820,"aud":"https://sp.example/caep","txn":"8675","sub_id":{"format":"email","email":"jo@example.org"},"events":{"https://schemas.openid.net/secevent/caep/event-type/session-revoked":{"event_timestamp":1795514820}}}"#,
            ),
        ],
    );
    check(
        Class::Dpop,
        &[
            (
                "by type",
                r#"{"typ":"dpop+jwt","alg":"ES256","jwk":{"kty":"EC","x":"l8","y":"9V","crv":"P-256"}}"#,
                r#"{"jti":"-BwC3ESc6acc2lTc","htm":"POST","htu":"https://server.example/token","iat":1795514820}"#,
            ),
            (
                "by its claims",
                r#"{"alg":"ES256","jwk":{"kty":"EC"}}"#,
                r#"{"jti":"e1","htm":"GET","htu":"https://rs.example/r","iat":1795514820,"ath":"fUHyO2r2Z3DZ53EsNrWBb0xWXoaNy59IiKCAqksmQEo","nonce":"n"}"#,
            ),
        ],
    );
    check(
        Class::ClientAssertion,
        &[
            (
                "private_key_jwt",
                RS,
                r#"{"iss":"s6BhdRkqt3","sub":"s6BhdRkqt3","aud":"https://as.example/token","jti":"id6098364921","exp":1795515420,"iat":1795514820}"#,
            ),
            (
                "addressed to the issuer",
                r#"{"alg":"ES256","kid":"16"}"#,
                r#"{"iss":"client-a","sub":"client-a","aud":"https://as.example","jti":"1","exp":1795515420}"#,
            ),
            ("by type", r#"{"alg":"ES256","typ":"client-authentication+jwt"}"#, r#"{"iss":"a","sub":"b"}"#),
            (
                "Google's grant",
                RS_JWT,
                r#"{"iss":"761326798069@developer.gserviceaccount.com","scope":"https://www.googleapis.com/auth/devstorage.read_only","aud":"https://oauth2.googleapis.com/token","exp":1795518420,"iat":1795514820}"#,
            ),
            (
                "for a user (RFC 7523 §4)",
                RS,
                r#"{"iss":"https://jwt-idp.example","sub":"mailto:mike@example.com","aud":"https://jwt-rp.example/oauth/token","nbf":1795514820,"exp":1795515420}"#,
            ),
        ],
    );
    check(
        Class::Request,
        &[
            (
                "RFC 9101 by type",
                r#"{"alg":"RS256","typ":"oauth-authz-req+jwt"}"#,
                r#"{"iss":"s6B","aud":"https://server.example","client_id":"s6B","scope":"openid"}"#,
            ),
            (
                "by its parameters",
                RS,
                r#"{"iss":"s6BhdRkqt3","aud":"https://server.example","response_type":"code id_token","client_id":"s6BhdRkqt3","redirect_uri":"https://client.example/cb","scope":"openid","state":"af0ifjsldkj","nonce":"n-0S6_WzA2Mj","max_age":86400}"#,
            ),
        ],
    );
    check(
        Class::Jarm,
        &[
            (
                "a code",
                RS,
                r#"{"iss":"https://accounts.example","aud":"s6BhdRkqt3","exp":1795514920,"code":"PyyFaux2o7Q0YfXBU32jhw.5FXSQpvr8akv9CeRDSd0QA","state":"S8NJ7uqk5fY4EjNvP_G_FtyJu6pUsvH9jsYni9dMAJw"}"#,
            ),
            (
                "an error",
                RS,
                r#"{"error":"access_denied","state":"S8NJ","iss":"https://accounts.example","aud":"s6BhdRkqt3","exp":1795514920}"#,
            ),
        ],
    );
    check(
        Class::Introspection,
        &[
            (
                "by type",
                r#"{"typ":"token-introspection+jwt","alg":"RS256"}"#,
                r#"{"iss":"https://as.example/","aud":"https://rs.example/resource","iat":1795514820,"token_introspection":{"active":true,"iss":"https://as.example/","aud":"https://rs.example/resource","iat":1795514822,"exp":1795514999,"client_id":"paiB2goo0a","scope":"read write dolphin","sub":"Z5O3upPC88QrAjx00dis"}}"#,
            ),
            (
                "by its claim",
                RS,
                r#"{"iss":"https://as.example/","aud":"https://rs.example/","iat":1795514820,"token_introspection":{"active":false}}"#,
            ),
        ],
    );
    check(
        Class::SdJwt,
        &[
            (
                "no disclosure left",
                r#"{"alg":"ES256","typ":"dc+sd-jwt"}"#,
                r#"{"iss":"https://issuer.example","vct":"https://c.example/id","_sd":["CrQe7S5kqBAHt-nMYXgc6bdt2SH5aTY1sU_M-PgkjPI"],"_sd_alg":"sha-256"}"#,
            ),
            (
                "digests without a type",
                r#"{"alg":"ES256"}"#,
                r#"{"iss":"https://issuer.example","iat":1795514820,"_sd":["CrQe7S5kqBAHt"],"_sd_alg":"sha-256","cnf":{"jwk":{"kty":"EC"}}}"#,
            ),
            ("an application's own", r#"{"alg":"ES256","typ":"example+sd-jwt"}"#, r#"{"iss":"https://issuer.example"}"#),
        ],
    );
    check(
        Class::KeyBinding,
        &[
            (
                "by type",
                r#"{"alg":"ES256","typ":"kb+jwt"}"#,
                r#"{"nonce":"1234567890","aud":"https://verifier.example","iat":1795514820,"sd_hash":"0_Af-2B-EhLWX5ydh_w2xzwmO6iM66B_2QCEaniI4fw"}"#,
            ),
            ("by its hash", r#"{"alg":"ES256"}"#, r#"{"nonce":"12","aud":"https://verifier.example","iat":1795514820,"sd_hash":"0_Af"}"#),
        ],
    );
}

#[test]
fn workloads() {
    check(
        Class::ServiceAccount,
        &[
            (
                "legacy",
                r#"{"alg":"RS256","kid":"aK"}"#,
                r#"{"iss":"kubernetes/serviceaccount","kubernetes.io/serviceaccount/namespace":"shop","kubernetes.io/serviceaccount/secret.name":"orders-token-k9x2p","kubernetes.io/serviceaccount/service-account.name":"orders","kubernetes.io/serviceaccount/service-account.uid":"8ba50d4d-0000-4000-8000-b58f6de8a7f1","sub":"system:serviceaccount:shop:orders"}"#,
            ),
            (
                "bound",
                r#"{"alg":"RS256","kid":"aK"}"#,
                r#"{"aud":["https://kubernetes.default.svc"],"exp":1827051000,"iat":1795515000,"iss":"https://kubernetes.default.svc","jti":"ea28ed49-2e11-4280-9ec5-bc3d1d84661a","kubernetes.io":{"namespace":"kube-system","node":{"name":"127.0.0.1","uid":"58456cb0-dd00-45ed-b797-5578fdceaced"},"pod":{"name":"coredns-69cbfb9798-jv9gn","uid":"778a530c-b3f4-47c0-9cd5-ab018fb64f33"},"serviceaccount":{"name":"coredns","uid":"a087d5a0-e1dd-43ec-93ac-f13d89cd13af"},"warnafter":1795518607},"nbf":1795515000,"sub":"system:serviceaccount:kube-system:coredns"}"#,
            ),
        ],
    );
    check(
        Class::Spiffe,
        &[
            (
                "JWT-SVID",
                r#"{"alg":"ES256","kid":"K","typ":"JWT"}"#,
                r#"{"aud":["spiffe://acme.example/db"],"exp":1795515120,"iat":1795514820,"sub":"spiffe://acme.example/ns/shop/sa/orders"}"#,
            ),
            (
                "typ: JOSE",
                r#"{"alg":"ES256","kid":"K","typ":"JOSE"}"#,
                r#"{"aud":["vault"],"exp":1795515120,"sub":"spiffe://acme.example/ci","scope":"x"}"#,
            ),
        ],
    );
    check(
        Class::Ci,
        &[
            (
                "GitHub Actions",
                r#"{"typ":"JWT","alg":"RS256","x5t":"7X","kid":"38"}"#,
                r#"{"jti":"example-id","sub":"repo:octo-org/octo-repo:environment:prod","environment":"prod","aud":"https://github.com/octo-org","ref":"refs/heads/main","sha":"example-sha","repository":"octo-org/octo-repo","repository_owner":"octo-org","actor_id":"12","repository_visibility":"private","repository_id":"74","repository_owner_id":"65","run_id":"4855","run_number":"10","run_attempt":"2","runner_environment":"github-hosted","actor":"octocat","workflow":"example-workflow","head_ref":"","base_ref":"","event_name":"workflow_dispatch","ref_type":"branch","job_workflow_ref":"octo-org/octo-automation/.github/workflows/oidc.yml@refs/heads/main","iss":"https://token.actions.githubusercontent.com","nbf":1795514820,"exp":1795515720,"iat":1795514820}"#,
            ),
            (
                "GitHub Actions with few claims",
                RS_JWT,
                r#"{"sub":"repo:o/r:ref:refs/heads/main","aud":"sts.amazonaws.com","iss":"https://token.actions.githubusercontent.com/octo","exp":1795515720}"#,
            ),
            (
                "GitHub Enterprise Server",
                RS_JWT,
                r#"{"sub":"repo:o/r:ref:refs/heads/main","aud":"sts","iss":"https://ghe.example/_services/token","repository":"o/r","workflow":"ci","run_id":"7","exp":1795515720}"#,
            ),
            (
                "GitLab CI",
                r#"{"kid":"4i","typ":"JWT","alg":"RS256"}"#,
                r#"{"namespace_id":"72","namespace_path":"my-group","project_id":"20","project_path":"my-group/my-project","user_id":"1","user_login":"jo","user_email":"jo@example.org","user_identities":[{"provider":"github","extern_uid":"2435"}],"pipeline_id":"574","pipeline_source":"push","job_id":"302","ref":"feature-branch-1","ref_type":"branch","ref_protected":"false","runner_id":1,"runner_environment":"self-hosted","sha":"714a","ci_config_ref_uri":"gitlab.example/g/p//.gitlab-ci.yml@refs/heads/main","jti":"235b","iss":"https://gitlab.example","iat":1795514820,"nbf":1795514815,"exp":1795518420,"sub":"project_path:my-group/my-project:ref_type:branch:ref:feature-branch-1","aud":"https://vault.example"}"#,
            ),
            (
                "CircleCI",
                RS,
                r#"{"aud":"org","exp":1795518420,"iat":1795514820,"iss":"https://oidc.circleci.com/org/8e70","oidc.circleci.com/context-ids":["c"],"oidc.circleci.com/project-id":"p","sub":"org/8e70/project/p/user/u"}"#,
            ),
            (
                "Buildkite",
                RS,
                r#"{"iss":"https://agent.buildkite.com","sub":"organization:acme-inc:pipeline:super:ref:refs/heads/main","aud":"https://buildkite.com/acme-inc","iat":1795514820,"nbf":1795514820,"exp":1795515120,"organization_slug":"acme-inc","pipeline_slug":"super","build_number":1,"build_branch":"main","job_id":"0184","agent_id":"0185"}"#,
            ),
            (
                "Bitbucket Pipelines",
                RS,
                r#"{"sub":"{r}:{s}","iss":"https://api.bitbucket.org/2.0/workspaces/a/pipelines-config/identity/oidc","aud":"ari:cloud:bitbucket::workspace/w","exp":1795518420,"iat":1795514820,"repositoryUuid":"{r}","stepUuid":"{s}","pipelineUuid":"{p}","workspaceUuid":"{w}","branchName":"main"}"#,
            ),
            (
                "HCP Terraform",
                RS,
                r#"{"jti":"1","iss":"https://app.terraform.io","iat":1795514820,"nbf":1795514820,"exp":1795518420,"aud":"aws.workload.identity","sub":"organization:o:project:p:workspace:w:run_phase:apply","terraform_run_id":"run-1","terraform_workspace_name":"w","terraform_run_phase":"apply"}"#,
            ),
        ],
    );
}

#[test]
fn what_is_inside_or_cannot_be_seen() {
    let inner = format!("{}.{}.{}", encode(RS.as_bytes()), encode(br#"{"sub":"a","scope":"b"}"#), encode(&[9; 256]));
    check(
        Class::Nested,
        &[("a JWT that is signed again", r#"{"alg":"RS256","cty":"JWT"}"#, &inner), ("without saying so", r#"{"alg":"RS256"}"#, &inner)],
    );
    check(Class::Set, &[("the content's type tells", r#"{"alg":"RS256","cty":"application/secevent+jwt"}"#, &inner)]);
    check(
        Class::Other,
        &[
            ("no claims", r#"{"alg":"HS256"}"#, "plain text"),
            ("no object", r#"{"alg":"HS256"}"#, "[1,2]"),
            ("nothing that tells", HS, r#"{"sub":"1234567890","name":"Jo Doe","iat":1516239022}"#),
            (
                "a verifiable presentation has a nonce",
                r#"{"alg":"ES256"}"#,
                r#"{"iss":"did:example:a","aud":"did:example:b","nonce":"n","vp":{"type":["VerifiablePresentation"]}}"#,
            ),
        ],
    );
    let cases = [
        (r#"{"alg":"RSA-OAEP-256","enc":"A256GCM"}"#, Class::Encrypted),
        (r#"{"alg":"RSA-OAEP-256","enc":"A256GCM","typ":"JWT","cty":"JWT"}"#, Class::Nested),
        (r#"{"alg":"RSA-OAEP-256","enc":"A256GCM","cty":"application/jwt"}"#, Class::Nested),
        (r#"{"alg":"RSA-OAEP","enc":"A256CBC-HS512","typ":"at+jwt","cty":"JWT"}"#, Class::Access),
        (r#"{"alg":"RSA-OAEP","enc":"A256CBC-HS512","typ":"oi_reft+jwt"}"#, Class::Refresh),
        (r#"{"alg":"ECDH-ES","enc":"A128GCM","cty":"token-introspection+jwt"}"#, Class::Introspection),
        (r#"{"alg":"ECDH-ES","enc":"A128GCM","iss":"https://idp.example","aud":"api","client_id":"web"}"#, Class::Access),
        (r#"{"alg":"ECDH-ES","enc":"A128GCM","iss":"https://idp.example","sub":"a"}"#, Class::Encrypted),
    ];
    for (header, expected) in cases {
        assert_eq!(class(&jwe(header)), expected, "{header}");
    }
    let bound = format!(
        "{}~{}~{}.{}.{}",
        inner,
        encode(br#"["2GLC42sKQveCfGfryNRN9w","given_name","John"]"#),
        encode(br#"{"alg":"ES256","typ":"kb+jwt"}"#),
        encode(br#"{"nonce":"1","aud":"v","iat":1795514820,"sd_hash":"0_Af"}"#),
        encode(&[5; 64])
    );
    // The claims of the issuer's JWT tell nothing but an access token's scope: with disclosures it is both.
    assert_eq!(class(&found(&bound)), Class::SdJwt);
    for kind in [Kind::Jwk, Kind::Pem] {
        assert_eq!(class(&Token::bare(kind)), Class::Key);
    }
}

#[test]
fn what_lies_or_is_broken() {
    check(
        Class::Set,
        &[(
            "an explicit type wins over claims",
            r#"{"alg":"RS256","typ":"secevent+jwt"}"#,
            r#"{"iss":"a","sub":"b","aud":"c","nonce":"d","at_hash":"e","scope":"f"}"#,
        )],
    );
    check(
        Class::Access,
        &[
            ("a type in capitals", r#"{"alg":"RS256","typ":"AT+JWT"}"#, r#"{"events":{}}"#),
            ("events of the wrong type", HS, r#"{"events":"all","scope":"a"}"#),
            ("an introspection of the wrong type", HS, r#"{"token_introspection":true,"scope":"a"}"#),
            ("a type of the wrong type", r#"{"alg":"RS256","typ":["dpop+jwt"]}"#, r#"{"scope":"a"}"#),
        ],
    );
    check(
        Class::Other,
        &[
            ("a type of somebody else's", r#"{"alg":"RS256","typ":"txntoken+jwt"}"#, r#"{"scope":"a","client_id":"b"}"#),
            ("two types", r#"{"alg":"RS256","typ":"at+jwt","typ":"dpop+jwt"}"#, r#"{"scope":"a"}"#),
            ("two scopes", r#"{"alg":"RS256","typ":"at+jwt"}"#, r#"{"scope":"a","scope":"b"}"#),
            ("two members deep inside", RS, r#"{"scope":"a","x":{"y":{"z":1,"z":2}}}"#),
            (
                "everything of the wrong type",
                HS,
                r#"{"sub":["spiffe://a"],"iss":{"x":1},"typ":1,"token_use":{},"aud":7,"jti":null,"events":[],"kubernetes.io":"x"}"#,
            ),
        ],
    );
    let ambiguous = Token { ambiguous: true, ..jwe(r#"{"alg":"dir","enc":"A256GCM","typ":"at+jwt"}"#) };
    assert_eq!(class(&ambiguous), Class::Encrypted);
    let many: Vec<String> = (0..10_000).map(|i| format!("\"m{i}\":{i}")).collect();
    check(Class::Other, &[("ten thousand members", HS, &format!("{{{}}}", many.join(",")))]);
    let deep = format!("{}1{}", "{\"scope\":".repeat(10_000), "}".repeat(10_000));
    check(Class::Access, &[("ten thousand levels: the first is read", HS, &deep)]);
}

#[test]
fn the_name_in_front_tells_what_the_token_does_not() {
    let (sealed, mute) = (jwe(r#"{"alg":"dir","enc":"A256GCM","cty":"JWT"}"#), jws(HS, r#"{"sub":"a"}"#));
    let cases = [
        ("GET /cb?id_token=", Some(Class::Id)),
        ("GET /logout?state=x&id_token_hint=", Some(Class::Id)),
        ("q=id_token%3D", Some(Class::Id)),
        (r#"{"refresh_token": ""#, Some(Class::Refresh)),
        (r#"msg="{\"access_token\":\""#, Some(Class::Access)),
        ("refreshToken: '", Some(Class::Refresh)),
        ("X-Forwarded-Access-Token: ", Some(Class::Access)),
        ("Authorization: Bearer ", Some(Class::Access)),
        ("authorization=\"bearer ", Some(Class::Access)),
        ("Authorization: DPoP ", Some(Class::Access)),
        ("DPoP: ", Some(Class::Dpop)),
        ("&client_assertion=", Some(Class::ClientAssertion)),
        ("logout_token=", Some(Class::Logout)),
        ("<id_token>", Some(Class::Id)),
        ("invalid_token=", None),
        ("the id_token ", None),
        ("token=", None),
        ("bearertoken=", None),
        ("", None),
        (" : = ", None),
    ];
    for (before, expected) in cases {
        assert_eq!(class_in(&sealed, named_class(before.as_bytes())), expected.unwrap_or(Class::Nested), "{before}");
        assert_eq!(class_in(&mute, named_class(before.as_bytes())), expected.unwrap_or(Class::Other), "{before}");
        assert_eq!(class_in(&jws(r#"{"alg":"RS256","typ":"at+jwt"}"#, "{}"), named_class(before.as_bytes())), Class::Access, "{before}");
        assert_eq!(class_in(&Token { ambiguous: true, ..mute.clone() }, named_class(before.as_bytes())), Class::Other, "{before}");
    }
    assert_eq!(class_in(&sealed, named_class(&[b'='; 4096])), Class::Nested);
}

#[test]
fn names_go_both_ways() {
    let mut names: Vec<&str> = Class::ALL.iter().map(|c| c.name()).collect();
    for (i, class) in Class::ALL.into_iter().enumerate() {
        assert_eq!((class as usize, Class::from_name(class.name())), (i, Some(class)));
        assert!(class.name().bytes().all(|b| b.is_ascii_lowercase() || b == b'-'));
    }
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), Class::ALL.len());
    assert_eq!(Class::Other as usize + 1, Class::ALL.len(), "the last one is in the list");
    for odd in ["", "Access", "access ", "jwt"] {
        assert_eq!(Class::from_name(odd), None);
    }
}
