//! Seeded JOSE material as it turns up in logs: tokens of every form, damaged, encoded, and set into records. Everything is
//! made up: keys, signatures and people are random.

mod carry;
mod damage;
mod encode;
mod make;

pub use carry::{Carrier, Framing};
pub use damage::Damage;
pub use encode::Encoding;
pub use make::{Form, base64, base64_url};

use crate::random::Random;

/// A token and what of it must not be findable after scrubbing.
#[derive(Clone, Debug)]
pub struct Token {
    /// How it is written.
    pub form: Form,
    /// As it stands in the clear.
    pub text: String,
    /// The parts between the dots of a compact token; empty for other forms.
    pub parts: Vec<String>,
    /// Payload, signature, ciphertext, encrypted key, disclosures, private members: base64url or base64 text.
    pub secrets: Vec<String>,
    /// Claim values that the default policy does not show.
    pub claims: Vec<String>,
}

/// Longest payload, in bytes. What is longer does not fit into the limit for one token (64 KiB, DESIGN §10) together with its
/// record: it is not seen as a whole, which is what other suites are about.
const PAYLOAD_BYTES_MAX: usize = 56 * 1024;

/// A token in a record, with ordinary lines before and behind it.
#[derive(Clone, Debug)]
pub struct Case {
    /// Form, damage, encodings from the inside out, carrier, framing: what to say when it fails.
    pub name: String,
    /// Ordinary lines, with their line ends.
    pub before: Vec<u8>,
    /// The record up to the token.
    pub prefix: Vec<u8>,
    /// The token as it is written there.
    pub payload: Vec<u8>,
    /// The rest of the record, with its line end.
    pub suffix: Vec<u8>,
    /// Ordinary lines, with their line ends.
    pub after: Vec<u8>,
    /// What must not be findable. See [`Token::secrets`].
    pub secrets: Vec<String>,
    /// See [`Token::claims`].
    pub claims: Vec<String>,
    /// Nothing but the token's own bytes may change: no damage that leaves open what belongs to the token, and no
    /// framing that divides the record.
    pub exact: bool,
}

impl Case {
    /// The whole document.
    #[must_use]
    pub fn document(&self) -> Vec<u8> {
        [&self.before[..], &self.prefix, &self.payload, &self.suffix, &self.after].concat()
    }

    /// A case of any kind, with up to `layers` encodings.
    #[must_use]
    pub fn any(seed: u64, layers: usize) -> Self {
        let mut random = Random::new(seed);
        let form = *random.pick(&Form::ALL);
        let damage = if random.chance(35) { *random.pick(&Damage::ALL) } else { Damage::None };
        let mut encodings = Vec::new();
        for _ in 0..random.between(0, layers) {
            encodings.push(*random.pick(&Encoding::ALL));
        }
        let carrier = *random.pick(&Carrier::ALL);
        let framing = if random.chance(15) { *random.pick(&Framing::ALL) } else { Framing::Lines };
        Self::of(&mut random, form, damage, &encodings, carrier, framing)
    }

    /// A case of the kind asked for. What cannot be combined (a damage that needs a compact token, an encoding that
    /// needs text of one line) is left out, and is not in the name.
    #[must_use]
    pub fn of(random: &mut Random, form: Form, damage: Damage, encodings: &[Encoding], carrier: Carrier, framing: Framing) -> Self {
        let mut token = form.make(random);
        let damaged = damage.apply(random, &mut token);
        let name = if damaged.applied { format!("{form:?} {damage:?}") } else { format!("{form:?}") };
        Self::carried(random, token, &damaged, name, encodings, carrier, framing)
    }

    /// A token that is made elsewhere, whole, in a record of the kind asked for.
    #[must_use]
    pub fn with(random: &mut Random, token: Token, encodings: &[Encoding], carrier: Carrier) -> Self {
        let name = format!("{:?}", token.form);
        Self::carried(random, token, &damage::Damaged::default(), name, encodings, carrier, Framing::Lines)
    }

    fn carried(
        random: &mut Random,
        token: Token,
        damaged: &damage::Damaged,
        name: String,
        encodings: &[Encoding],
        carrier: Carrier,
        framing: Framing,
    ) -> Self {
        let mut name = vec![name];
        let mut payload = token.text.clone().into_bytes();
        let mut last = None;
        for (i, &encoding) in encodings.iter().enumerate() {
            let outermost = i + 1 == encodings.len();
            if !encoding.fits(&payload, last, outermost) {
                continue;
            }
            let encoded = encoding.apply(random, &payload);
            if encoded.len() > PAYLOAD_BYTES_MAX {
                continue;
            }
            payload = encoded;
            last = Some(encoding);
            name.push(format!("{encoding:?}"));
        }
        let carrier = if carrier.takes(&payload, last) { carrier } else { Carrier::Line };
        name.push(format!("{carrier:?}"));
        let (prefix, payload, suffix) = carrier.carry(random, &payload, last, &damaged.lead, &damaged.tail);
        let (before, after) = (b"2026-11-23T12:00:00Z INFO first ordinary line id=17\n".to_vec(), b"last ordinary line\n".to_vec());
        let mut case = Self {
            name: String::new(),
            before,
            prefix,
            payload,
            suffix: [&suffix[..], b"\n"].concat(),
            after,
            secrets: token.secrets,
            claims: token.claims,
            exact: !damaged.loose,
        };
        if framing != Framing::Lines && framing.split(random, &mut case) {
            name.push(format!("{framing:?}"));
        }
        case.name = name.join(" ");
        case
    }
}
