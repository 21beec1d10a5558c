//! Elastic Common Schema (ECS 8, `schemas/related.yml` and `user.yml` of elastic/ecs).
//!
//! ECS has no fields for tokens. What it has is where one looks for a value whatever it means (`related.hash`, `related.user`), and a
//! user's anonymous hash. All else stands under a proper name, as ECS advises for custom fields. `event.*` is left alone:
//! it says what the record is, and the record is not ours.

use super::text::Text;
use super::{LISTS, Token, named, snake};

/// Names whose values identify a user: `sub` of RFC 7519, `username` of RFC 7662, `preferred_username` of OpenID Connect.
const USERS: [&str; 3] = ["sub", "username", "preferred_username"];

pub(super) fn members(text: &mut Text, tokens: &[Token<'_>], free: impl Fn(&str) -> bool) {
    if free("related") {
        text.object("related", |related| {
            seen(related, "hash", tokens, &["fp"]);
            seen(related, "user", tokens, &USERS);
        });
    }
    if let ([token], true) = (tokens, free("user"))
        && let Some(pseudonym) = token.pseudonym()
    {
        text.object("user", |user| user.string("hash", pseudonym));
    }
    text.object("scrubjay", |scrubjay| scrubjay.list("tokens", tokens, of_token));
}

/// The values of some names over all tokens, each once.
fn seen(text: &mut Text, name: &str, tokens: &[Token<'_>], of: &[&str]) {
    let mut values: Vec<&str> = Vec::new();
    for value in tokens.iter().flat_map(|token| of.iter().flat_map(|name| token.all(name))) {
        if !values.contains(&value) {
            values.push(value);
        }
    }
    if !values.is_empty() {
        text.strings(name, &values);
    }
}

/// One token. A dot in a name would make an object of it, and a dot at its end would have the whole record refused.
fn of_token(text: &mut Text, token: &Token<'_>) {
    text.string("kind", token.kind);
    for (name, values) in named(token, snake) {
        text.one_or_list(&name, &values, LISTS.contains(&name.as_str()));
    }
    text.raw("verified", "false");
}
