//! What sealing a claim set costs beside the bare cipher, in one run and on the same bytes.
//!
//! ```text
//! cargo bench -p scrubjay-claims --bench seal
//! ```
//!
//! The baseline is one AES-256-GCM call on as many bytes as the claim set's bucket has, with the same associated data, and
//! base64url of header, IV, ciphertext and tag: what no JWE can do without. Sealing does besides: checks, padding, a fresh IV
//! from the kernel, the epoch's count under its lock, and the string. Goal (issue 7): at most three times the baseline.
//!
//! Each figure is the least of many short runs, all engines in turn, so that a neighbour's noise hits them alike.

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use aes_gcm::aead::{AeadInOut, KeyInit};
use aes_gcm::{Aes256Gcm, Nonce};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use scrubjay_claims::{BUCKETS_BYTES, EpochLimits, EpochStore, NewEpoch, Published, Sealer, Withheld};

const FP: &str = "f0a1b2c_AAAAAAAAAAAAAAAAAAAAAA";
/// Claim sets of a run, and runs.
const SEALS: u32 = 500;
const RUNS: usize = 400;

/// Records are not what is measured: there is one an hour.
struct Nowhere;

impl EpochStore for Nowhere {
    fn publish(&self, _: &NewEpoch<'_>, _: u64) -> Result<Published, Withheld> {
        Ok(Published::default())
    }
}

fn main() {
    let sealer = Sealer::new(["soc".to_owned()], Arc::new(Nowhere), EpochLimits::default());
    let cipher = Aes256Gcm::new(&[7; 32].into());
    println!("| claims | bucket | cipher and base64 | sealed | times | of it: IV from the kernel |\n|---:|---:|---:|---:|---:|---:|");
    for bucket in BUCKETS_BYTES {
        let claims = format!("{{\"sub\":\"{}\"}}", "x".repeat(bucket - 30));
        let text = sealer.seal("soc", FP, &claims, 1).expect("sealed").remove(0);
        let header = text.split('.').next().expect("a header").to_owned();
        let plain = [b"{\"claims\":", claims.as_bytes(), b"}"].concat();
        assert!(plain.len() <= bucket && text.len() > bucket);
        let header_json = URL_SAFE_NO_PAD.decode(&header).expect("base64url");
        let mut engines: [(&dyn Fn(), Duration); 3] = [
            (&|| bare(&cipher, &header_json, bucket), Duration::MAX),
            (&|| drop(black_box(sealer.seal("soc", FP, black_box(&claims), 1))), Duration::MAX),
            (&|| getrandom::fill(black_box(&mut [0; 12])).expect("random bytes"), Duration::MAX),
        ];
        for _ in 0..RUNS {
            for (engine, best) in &mut engines {
                let began = Instant::now();
                (0..SEALS).for_each(|_| engine());
                *best = (*best).min(began.elapsed() / SEALS);
            }
        }
        let [bare, sealed, iv] = engines.map(|(_, best)| best.as_nanos());
        println!("| {} B | {bucket} B | {bare} ns | {sealed} ns | {:.2} | {iv} ns |", claims.len(), sealed as f64 / bare as f64);
    }
}

/// The least that makes a compact JWE of so many bytes.
fn bare(cipher: &Aes256Gcm, header: &[u8], bytes: usize) {
    let mut text = String::with_capacity(header.len() * 4 / 3 + bytes * 4 / 3 + 64);
    let mut plain = vec![b' '; bytes];
    URL_SAFE_NO_PAD.encode_string(black_box(header), &mut text);
    let tag = cipher.encrypt_inout_detached(&Nonce::from([9; 12]), text.as_bytes(), plain.as_mut_slice().into()).expect("encrypted");
    for part in [&[9; 12], plain.as_slice(), &tag] {
        text.push('.');
        URL_SAFE_NO_PAD.encode_string(part, &mut text);
    }
    black_box(text);
}
