//! The class of a token whose `typ` names none: issuers had tokens long before types for them were registered.

use super::Class;
use crate::json::{Text, Value};

/// The member of `events` that a logout token has (OpenID Connect Back-Channel Logout §2.4).
const LOGOUT_EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";

/// A sign of a class in a claim set.
type Sign = fn(&Claims<'_>) -> bool;

/// The first sign that holds decides, so the narrow ones come first: a workload's token has a `sub` and an `aud` like any
/// other, and an ID token is known by little more than that.
const SIGNS: [(Sign, Class); 19] = [
    (is_service_account, Class::ServiceAccount),
    (|c| text(c, "sub").starts_with("spiffe://"), Class::Spiffe),
    (is_ci, Class::Ci),
    // RFC 9701 §5.
    (|c| is_object(c, "token_introspection"), Class::Introspection),
    (|c| c.get("events").is_some_and(|events| events.get(LOGOUT_EVENT).is_some()), Class::Logout),
    // RFC 8417 §2.2: an object.
    (|c| is_object(c, "events"), Class::Set),
    // RFC 9901 §4.3.
    (|c| has(c, "sd_hash"), Class::KeyBinding),
    // RFC 9901 §4.1: digests, or the algorithm that they are made with.
    (|c| any(c, &["_sd", "_sd_alg"]), Class::SdJwt),
    // RFC 9449 §4.2.
    (|c| has(c, "htm") && has(c, "htu"), Class::Dpop),
    (|c| uses(c, &["refresh", "refresh_token", "offline"]) || has(c, "ati"), Class::Refresh),
    (|c| uses(c, &["access", "access_token", "bearer", "dpop"]), Class::Access),
    (|c| uses(c, &["id", "id_token"]), Class::Id),
    (|c| uses(c, &["logout", "logout_token"]), Class::Logout),
    (is_jarm, Class::Jarm),
    // RFC 9101 §4: parameters of an authorization request.
    (|c| has(c, "client_id") && any(c, &["response_type", "redirect_uri"]), Class::Request),
    // Bound to an access token, a code, a state, or issued by the user's own device: only ID tokens are.
    (|c| any(c, &["at_hash", "c_hash", "s_hash", "sub_jwk"]) || text(c, "jti").starts_with("ID."), Class::Id),
    (is_assertion, Class::ClientAssertion),
    (is_access, Class::Access),
    (is_id, Class::Id),
];

/// The class that the claims tell, or `Other`.
pub(super) fn class(claims: &Value) -> Class {
    let claims = Claims::of(claims);
    SIGNS.iter().find(|(holds, _)| holds(&claims)).map_or(Class::Other, |(_, class)| *class)
}

/// A claim set that knows what it surely has not: the signs ask for some sixty names, and most tokens have few of them.
struct Claims<'a> {
    members: &'a [(Text, Value)],
    /// The bits of [`Claims::bit`] of all names.
    seen: u128,
}

impl<'a> Claims<'a> {
    fn of(claims: &'a Value) -> Self {
        let members = claims.members();
        Self { members, seen: members.iter().fold(0, |seen, (name, _)| seen | Self::bit(name)) }
    }

    /// Length and first letter: few names share both.
    fn bit(name: &str) -> u128 {
        let first = name.bytes().next().map_or(0, usize::from);
        1 << ((first * 5 + name.len()) % 128)
    }

    fn get(&self, name: &str) -> Option<&'a Value> {
        if self.seen & Self::bit(name) == 0 {
            return None;
        }
        self.members.iter().find(|(n, _)| n == name).map(|(_, value)| value)
    }
}

/// The text of a claim; empty where there is none or it is no string.
fn text<'a>(claims: &Claims<'a>, name: &str) -> &'a str {
    claims.get(name).and_then(Value::as_str).unwrap_or_default()
}

fn has(claims: &Claims<'_>, name: &str) -> bool {
    claims.get(name).is_some()
}

fn any(claims: &Claims<'_>, names: &[&str]) -> bool {
    names.iter().any(|name| has(claims, name))
}

fn all(claims: &Claims<'_>, names: &[&str]) -> bool {
    names.iter().all(|name| has(claims, name))
}

fn is_object(claims: &Claims<'_>, name: &str) -> bool {
    matches!(claims.get(name), Some(Value::Object(_)))
}

/// Says by itself what it is used for: `token_use` (Cognito), `typ` (Keycloak), `token_type` and `type` (libraries for web
/// applications).
fn uses(claims: &Claims<'_>, values: &[&str]) -> bool {
    ["token_use", "typ", "token_type", "type"].iter().any(|name| {
        let said = text(claims, name);
        values.iter().any(|value| said.eq_ignore_ascii_case(value))
    })
}

/// A bound token has an object, a legacy one members of long names, and both a subject of this form.
fn is_service_account(claims: &Claims<'_>) -> bool {
    is_object(claims, "kubernetes.io")
        || text(claims, "sub").starts_with("system:serviceaccount:")
        || claims.members.iter().any(|(name, _)| name.starts_with("kubernetes.io/serviceaccount/"))
}

/// Members that tell a job and where its code comes from, for each system.
const CI: [&[&str]; 6] = [
    // GitHub Actions.
    &["repository", "workflow", "run_id"],
    // GitLab CI.
    &["project_path", "pipeline_id", "job_id"],
    // CircleCI.
    &["oidc.circleci.com/project-id"],
    // Buildkite.
    &["organization_slug", "pipeline_slug", "build_number"],
    // Bitbucket Pipelines.
    &["repositoryUuid", "stepUuid"],
    // HCP Terraform.
    &["terraform_run_id", "terraform_workspace_name"],
];

fn is_ci(claims: &Claims<'_>) -> bool {
    // GitHub lets an organisation leave out claims; the issuer stays.
    text(claims, "iss").starts_with("https://token.actions.githubusercontent.com") || CI.iter().any(|names| all(claims, names))
}

/// JARM §2.1: the parameters of an authorization response, with `iss` and `aud`.
fn is_jarm(claims: &Claims<'_>) -> bool {
    all(claims, &["iss", "aud"]) && (has(claims, "code") || any(claims, &["error", "access_token", "response"]) && has(claims, "state"))
}

/// RFC 7523 §3: addressed to a token endpoint, or issued by its own subject for an audience.
fn is_assertion(claims: &Claims<'_>) -> bool {
    let issuer = text(claims, "iss");
    let endpoint = audience(claims).is_some_and(|aud| {
        aud.split_once("://").is_some_and(|(_, rest)| rest.split(['?', '#']).next().is_some_and(|path| path.ends_with("/token")))
    });
    // Google's services take a service account's own token in place of an access token.
    let google = issuer.ends_with(".gserviceaccount.com");
    !issuer.is_empty() && has(claims, "exp") && (endpoint || !google && issuer == text(claims, "sub") && has(claims, "aud"))
}

/// The audience, where there is one only.
fn audience<'a>(claims: &Claims<'a>) -> Option<&'a str> {
    match claims.get("aud")? {
        Value::Array(list) if list.len() == 1 => list.first()?.as_str(),
        one => one.as_str(),
    }
}

/// Says what a client may do, or names the client as access tokens do.
fn is_access(claims: &Claims<'_>) -> bool {
    // RFC 9068 §2.2, Okta (`scp`, `cid`), Entra (`scp`, `appid`, `appidacr`, `azpacr`, `idtyp`), Auth0 (`gty`, `permissions`).
    const NAMES: [&str; 11] =
        ["scope", "scp", "client_id", "cid", "appid", "appidacr", "azpacr", "idtyp", "gty", "permissions", "authorization_details"];
    let issuer = text(claims, "iss");
    any(claims, &NAMES)
        || text(claims, "jti").starts_with("AT.")
        || issuer.ends_with(".gserviceaccount.com") && issuer == text(claims, "sub")
        // GoTrue: a session and how well its user is known.
        || all(claims, &["aal", "session_id"])
}

/// About a login, for the client itself. A verifiable credential or presentation has a nonce too.
fn is_id(claims: &Claims<'_>) -> bool {
    const NAMES: [&str; 7] = ["nonce", "auth_time", "amr", "acr", "email_verified", "preferred_username", "unique_name"];
    let own_client = audience(claims).is_some_and(|aud| !aud.is_empty() && text(claims, "azp") == aud);
    !any(claims, &["vc", "vp"]) && has(claims, "aud") && (any(claims, &NAMES) || own_client && has(claims, "sub"))
}
