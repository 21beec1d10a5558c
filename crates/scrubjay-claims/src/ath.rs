//! The hash of an access token that DPoP proofs carry (RFC 9449 §4.2), and its keyed form, which joins the two in a log.
//!
//! An access token's marker and the marker of a proof that was sent with it show the same `h…`: who used which token,
//! from logs that hold neither. The bare hash is not shown: whoever has a candidate for an opaque token could test it.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

use crate::FingerprintKey;

/// Characters of an `ath`: 32 bytes in base64url without padding.
pub const ATH_CHARS: usize = 43;

/// What `ath` values are hashed under: the name of the claim.
const NAME: &str = "ath";

/// `ath` of an access token: base64url of the SHA-256 of its characters exactly as they were sent, signature included
/// (RFC 9449 §4.2). Encodings (percent, JSON escapes) have to be taken off before.
#[must_use]
pub fn ath(token: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(token))
}

impl FingerprintKey {
    /// `h<key id>_<22 characters>` for the marker of an access token: equal to [`ath_of_proof`](Self::ath_of_proof) of the
    /// proofs that were sent with it.
    #[must_use]
    pub fn ath_of_token(&self, token: &[u8]) -> String {
        self.hash(NAME, ath(token).as_bytes())
    }

    /// `h<key id>_<22 characters>` for the claim `ath` of a DPoP proof; `None` for what is no SHA-256 in base64url.
    #[must_use]
    pub fn ath_of_proof(&self, claim: &str) -> Option<String> {
        let digest = URL_SAFE_NO_PAD.decode(claim).ok().filter(|digest| digest.len() == 32)?;
        Some(self.hash(NAME, URL_SAFE_NO_PAD.encode(digest).as_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 9449 §7.1, figure 12: the access token and the `ath` of the proof beside it.
    const TOKEN: &str = "Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU";
    const ATH: &str = "fUHyO2r2Z3DZ53EsNrWBb0xWXoaNy59IiKCAqksmQEo";

    #[test]
    fn the_hash_is_the_one_of_the_standard() {
        assert_eq!(ath(TOKEN.as_bytes()), ATH);
        assert_eq!(ATH.len(), ATH_CHARS);
    }

    #[test]
    fn a_token_and_its_proof_meet() {
        let key = FingerprintKey::from_bytes(&[7; 32]).unwrap();
        let shown = key.ath_of_token(TOKEN.as_bytes());
        assert_eq!(key.ath_of_proof(ATH).as_deref(), Some(shown.as_str()));
        assert!(shown.starts_with(&format!("h{}_", key.id())) && !shown.contains(&ATH[..8]));
        assert_ne!(FingerprintKey::from_bytes(&[8; 32]).unwrap().ath_of_proof(ATH), Some(shown), "another key, another hash");
    }

    #[test]
    fn what_is_no_hash_has_none() {
        let key = FingerprintKey::from_bytes(&[7; 32]).unwrap();
        let (padded, long) = (format!("{ATH}="), format!("{ATH}AA"));
        for odd in ["", "x", &ATH[1..], &padded, &long, "eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCJ9AAAAAAA!"] {
            assert_eq!(key.ath_of_proof(odd), None, "{}", odd.len());
        }
    }
}
