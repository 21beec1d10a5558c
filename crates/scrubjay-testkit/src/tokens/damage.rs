//! What loggers do to compact tokens.

use super::Token;
use crate::random::Random;

/// A kind of damage. Those that leave nothing secret behind (a header alone) are not here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Damage {
    /// As it was made.
    None,
    /// The beginning of the header is lost.
    CutHeader,
    /// The end, from somewhere within the payload.
    CutPayload,
    /// The end, from somewhere within the last part.
    CutSignature,
    /// The last part with its dot.
    NoSignature,
    /// The first part with its dot.
    NoHeader,
    /// Cut within the payload, with the logger's own mark.
    Ellipsis,
    /// Text without a delimiter in front.
    GluedPrefix,
    /// Punctuation without a blank behind.
    TrailingPunctuation,
    /// `+/` for `-_`.
    StandardAlphabet,
    /// Each part padded.
    Padded,
}

/// What [`Damage::apply`] did.
#[derive(Default)]
pub(super) struct Damaged {
    pub(super) applied: bool,
    /// Bytes in front of the token that are not part of it.
    pub(super) lead: String,
    /// Bytes behind it.
    pub(super) tail: String,
    /// Where the token begins or ends is not certain: its neighbours may go with it.
    pub(super) loose: bool,
}

impl Damage {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::None,
        Self::CutHeader,
        Self::CutPayload,
        Self::CutSignature,
        Self::NoSignature,
        Self::NoHeader,
        Self::Ellipsis,
        Self::GluedPrefix,
        Self::TrailingPunctuation,
        Self::StandardAlphabet,
        Self::Padded,
    ];

    /// Damages a compact token that has a payload or ciphertext; leaves everything else as it is.
    pub(super) fn apply(self, r: &mut Random, token: &mut Token) -> Damaged {
        let mut done = Damaged { applied: true, ..Damaged::default() };
        let jws = token.parts.len() == 3 && token.parts[1].len() >= 40;
        match self {
            Self::GluedPrefix if !token.parts.is_empty() => {
                done.lead = (*r.pick(&["token", "jwt_", "accessToken", "x-", "Bearer"])).to_owned();
                done.loose = true;
            }
            Self::TrailingPunctuation if !token.parts.is_empty() => {
                done.tail = (*r.pick(&[".", ",", ";", ")", "),", "].", "'.", "!", ">.", "|", ":", "..", "}"])).to_owned();
            }
            Self::StandardAlphabet if !token.parts.is_empty() => self.rewrite(token, |p| p.replace('-', "+").replace('_', "/")),
            Self::Padded if !token.parts.is_empty() => self.rewrite(token, |p| format!("{p}{}", &"==="[..(4 - p.len() % 4) % 4])),
            Self::CutHeader if jws => {
                let at = r.between(1, token.parts[0].len() - 12);
                token.text.drain(..at);
            }
            Self::CutPayload | Self::Ellipsis if jws => {
                let keep = r.between(28, token.parts[1].len() - 1);
                token.secrets = vec![token.parts[1][..keep].to_owned()];
                token.text = format!("{}.{}", token.parts[0], token.secrets[0]);
                if self == Self::Ellipsis {
                    done.tail = (*r.pick(&["...", "\u{2026}", "... (truncated)", "...<snip>", "[...]"])).to_owned();
                    done.loose = true;
                }
            }
            Self::CutSignature if jws && token.parts[2].len() > 4 => {
                let cut = r.between(2, token.parts[2].len() - 2);
                token.text.truncate(token.text.len() - cut);
                let left = token.parts[2].len() - cut;
                token.secrets = vec![token.parts[1].clone()];
                if left >= 16 {
                    token.secrets.push(token.parts[2][..left].to_owned());
                }
            }
            Self::NoSignature if jws => {
                token.secrets = vec![token.parts[1].clone()];
                token.text = token.parts[..2].join(".");
            }
            // A payload alone is JSON in base64, no token.
            Self::NoHeader if jws && token.parts[2].len() >= 43 && !is_wide(token) => token.text = token.parts[1..].join("."),
            _ => return Damaged::default(),
        }
        done.applied = self != Self::None;
        token.parts = Vec::new();
        done
    }

    fn rewrite(self, token: &mut Token, f: impl Fn(&str) -> String) {
        token.text = token.parts.iter().map(|p| f(p)).collect::<Vec<_>>().join(".");
        if self == Self::StandardAlphabet {
            token.secrets = token.secrets.iter().map(|s| f(s)).collect();
        }
    }
}

/// A payload that is a token: without its header it is base64 in front of a dot, like any file name.
fn is_wide(token: &Token) -> bool {
    token.form == super::Form::JwsNested
}
