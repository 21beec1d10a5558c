//! What needs public-key cryptography: epoch records, opening, origin, standalone claim sets, keys (feature `jose`).
//!
//! josekit and the OpenSSL below it never see a byte that [`fence`] has not looked at, nor more than it has (why:
//! docs/adr/010-sealing.md). Nothing here prints, and no error quotes what it was about.

pub mod audit;
mod fence;
mod identity;
mod json;
mod key;
mod keyfile;
mod make;
mod open;
mod pem;
mod recipients;
mod record;
mod records;
mod regular;
mod standalone;
mod store;

pub use identity::{AgentKeys, Identity, Origin};
pub use key::{KeyKind, PrivateKey, PublicKey};
pub use keyfile::{KEY_FILE_BYTES_MAX, KeyFileError, KeyFileFault, read_public};
pub use make::{KeyPair, Role, public_of};
pub use open::{Opened, Opener, Unopened};
pub use recipients::Recipients;
pub use record::{EpochKey, RECIPIENTS_MAX, RECORD_BYTES_MAX, Record, RecordHead};
pub use records::Records;
pub use store::EpochFile;
