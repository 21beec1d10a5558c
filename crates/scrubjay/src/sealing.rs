//! Who seals: audiences and their keys, the epochs file, and what changes while the program runs.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use scrubjay_claims::jose::{EpochFile, Identity, KeyFileError, Recipients};
use scrubjay_claims::{Alarm, CorrelationRing, EpochLimits, Sealer};
use scrubjay_scrub::Scrubber;
use zeroize::Zeroizing;

use crate::config::SealingPlan;
use crate::exit::complain;
use crate::{keyfile, safe};

/// Seconds between two looks at the recipients' key files.
const RELOAD_S: i64 = 10;
/// Largest agent identity key, in bytes.
const IDENTITY_BYTES_MAX: usize = 64 * 1024;

/// A sealer, and what keeps it up to date.
#[derive(Clone)]
pub(crate) struct Seals {
    pub(crate) sealer: Arc<Sealer>,
    store: Arc<EpochFile>,
}

/// The sealer of a plan.
///
/// # Errors
/// What cannot be used, one for each line.
pub(crate) fn open(plan: &SealingPlan) -> Result<Seals, String> {
    let recipients = Recipients::read(plan.audiences.clone()).map_err(|wrong| faults(&wrong))?;
    let names: Vec<String> = plan.audiences.keys().cloned().collect();
    let identity = plan.identity.as_deref().map(identity).transpose()?;
    let agent = fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let store = Arc::new(EpochFile::new(plan.epochs.clone(), agent.trim(), recipients, identity));
    let sealer =
        if plan.standalone { Sealer::standalone(names, store.clone()) } else { Sealer::new(names, store.clone(), EpochLimits::default()) };
    Ok(Seals { sealer: Arc::new(sealer), store })
}

fn identity(path: &Path) -> Result<Identity, String> {
    let told = |what: String| format!("{}: {what}", safe::path(path));
    let text: Zeroizing<Vec<u8>> = keyfile::read_private(path, IDENTITY_BYTES_MAX).map_err(|wrong| told(wrong.to_string()))?;
    Identity::read(&text).map_err(|wrong| told(format!("{wrong}; make one: scrubjay keys new --agent --dir DIR")))
}

fn faults(wrong: &[KeyFileError]) -> String {
    let lines: Vec<String> = wrong.iter().map(|e| format!("{}: {}", safe::path(&e.path), e.fault)).collect();
    lines.join("\n")
}

/// Brings scrubbers up to date: the time, the correlation keys of the period, the recipients' keys. What should be known is
/// said on standard error.
pub(crate) struct Tender {
    ring: Arc<CorrelationRing>,
    seals: Option<Seals>,
    looked_at: AtomicI64,
}

impl Tender {
    pub(crate) fn new(ring: Arc<CorrelationRing>, seals: Option<Seals>) -> Self {
        Self { ring, seals, looked_at: AtomicI64::new(keyfile::now()) }
    }

    /// Before each batch.
    pub(crate) fn tend(&self, scrubber: &mut Scrubber) {
        let now = keyfile::now();
        let before = scrubber.now();
        scrubber.set_now(u64::try_from(now).unwrap_or_default());
        // A clock that was set back is asked anew, too.
        let then = i64::try_from(before).unwrap_or_default();
        if now < then || self.ring.changes_after(then).is_some_and(|at| at <= now) {
            let keys = self.ring.active(now);
            if keys.current().is_none() {
                complain("no correlation key is for now: markers have no fingerprint until one is (docs/keys.md)");
            }
            scrubber.set_keys(keys);
        }
        if let Some(seals) = &self.seals {
            self.look(seals, now);
        }
    }

    /// Reads the recipients' keys again from time to time; one worker does it for all.
    fn look(&self, seals: &Seals, now: i64) {
        let last = self.looked_at.load(Ordering::Relaxed);
        if now.saturating_sub(last).abs() < RELOAD_S
            || self.looked_at.compare_exchange(last, now, Ordering::Relaxed, Ordering::Relaxed).is_err()
        {
            return;
        }
        match seals.store.reload() {
            Ok(changed) => changed.iter().for_each(|audience| seals.sealer.close(Some(audience))),
            Err(wrong) => complain(&format!("recipients' keys stay as they were: {}", faults(&wrong))),
        }
        say_alarms(&seals.sealer);
    }
}

/// Says what has come up in sealing.
pub(crate) fn say_alarms(sealer: &Sealer) {
    for alarm in sealer.take_alarms() {
        complain(&match alarm {
            Alarm::LeftOut { audience, kid } => {
                format!("audience {audience}: key {} is not valid now and was left out", safe::text(&kid, false))
            }
            Alarm::NoEpoch { audience, why } => format!("audience {audience}: claims are withheld, {why}"),
        });
    }
}
