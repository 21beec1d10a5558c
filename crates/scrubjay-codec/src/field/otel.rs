//! OpenTelemetry semantic conventions (`model/user/registry.yaml` of open-telemetry/semantic-conventions).
//!
//! They have no attributes for tokens, so ours stand in a name space of ours, flat, as attributes are: `scrubjay.token.iss`. A
//! second token is `scrubjay.token_2.iss`: an attribute is a string or a list of strings, and parallel lists would have to have holes.

use super::text::Text;
use super::{LISTS, Token, named, snake};

pub(super) fn members(text: &mut Text, tokens: &[Token<'_>], free: impl Fn(&str) -> bool) {
    if let ([token], true) = (tokens, free("user.hash"))
        && let Some(pseudonym) = token.pseudonym()
    {
        text.string("user.hash", pseudonym);
    }
    for (i, token) in tokens.iter().enumerate() {
        let space = if i == 0 { "scrubjay.token".to_owned() } else { format!("scrubjay.token_{}", i + 1) };
        text.string(&format!("{space}.kind"), token.kind);
        for (name, values) in named(token, snake) {
            text.one_or_list(&format!("{space}.{name}"), &values, LISTS.contains(&name.as_str()));
        }
        text.raw(&format!("{space}.verified"), "false");
    }
}
