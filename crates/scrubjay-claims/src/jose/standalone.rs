//! Claim sets that hold for themselves: a key of their own, wrapped for one recipient (DESIGN §7, `mode: standalone`).

use josekit::jwe::JweHeader;
use serde_json::json;
use zeroize::Zeroizing;

use super::fence::{context, guarded};
use super::key::{PrivateKey, PublicKey};
use crate::claim_set::{ClaimSet, Mode, TYP, claims_of};
use crate::{CannotOpen, Withheld};

/// Seals a padded plaintext for one recipient. The members of the header are set in the order of our spelling; josekit adds
/// the ephemeral key at the end.
pub(crate) fn seal(key: &PublicKey, fp: &str, plain: &[u8]) -> Result<String, Withheld> {
    let mut header = JweHeader::new();
    header.set_algorithm(key.kind().alg());
    header.set_content_encryption("A256GCM");
    // The thumbprint, not the key's own name for itself: what stands in a log has a shape.
    header.set_key_id(key.thumbprint());
    header.set_token_type(TYP);
    header.set_claim("fp", Some(json!(fp))).map_err(|_| Withheld::Crypto)?;
    let text = guarded(|| context().serialize_compact(plain, &header, key.encrypter.as_ref()).ok()).map_err(|_| Withheld::Crypto)?;
    // What is not in our spelling would be scrubbed away as a foreign token.
    match ClaimSet::parse(text.as_bytes()) {
        Some(set) if set.mode == Mode::Standalone && set.fp == fp => Ok(text),
        _ => Err(Withheld::Crypto),
    }
}

/// Opens a claim set that has passed [`ClaimSet::parse`], which is the fence here.
pub(crate) fn open(set: &ClaimSet<'_>, key: &PrivateKey) -> Result<Zeroizing<String>, CannotOpen> {
    let (plain, _) = guarded(|| context().deserialize_compact(set.text, key.decrypter.as_ref()).ok())?;
    claims_of(&Zeroizing::new(plain))
}
