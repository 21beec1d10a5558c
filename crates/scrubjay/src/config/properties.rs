//! Settings for librdkafka: which are secret, which scrubjay keeps for itself.

use super::fields::{self, At, Fields, Value};
use super::mistake::{Mistake, Notes, Place, clean, quoted};
use super::paths::{self, Base};
use super::secret::Secret;
use super::yaml::Kind;

/// A setting. `F` is what a value in a file is: its path while the file is as written, the content once checked.
#[derive(Clone, Debug)]
pub(crate) enum Property<F> {
    /// A setting that may be seen.
    Open {
        /// librdkafka's name for it.
        name: String,
        /// Its value.
        value: String,
    },
    /// A secret that was written into the pipeline file.
    Literal {
        /// librdkafka's name for it.
        name: String,
        /// Its value.
        value: Secret,
    },
    /// A value that is kept in a file of its own.
    File {
        /// librdkafka's name for it.
        name: String,
        /// Where it is, or what it is.
        value: F,
    },
}

impl<F> Property<F> {
    /// librdkafka's name for the setting.
    pub(crate) fn name(&self) -> &str {
        match self {
            Self::Open { name, .. } | Self::Literal { name, .. } | Self::File { name, .. } => name,
        }
    }
}

impl Property<Secret> {
    /// The value for librdkafka. It may be a secret: never for a message.
    #[allow(dead_code, reason = "for the Kafka client's settings, when the program is assembled")]
    pub(crate) fn expose(&self) -> &str {
        match self {
            Self::Open { value, .. } => value,
            Self::Literal { value, .. } | Self::File { value, .. } => value.expose(),
        }
    }
}

/// A secret file is at most this many bytes.
const SECRET_BYTES_MAX: u64 = 64 * 1024;

/// Settings that have a field of their own, in sources and sinks.
const HAS_FIELD: [(&str, &str); 2] = [("bootstrap.servers", "brokers"), ("metadata.broker.list", "brokers")];
const HAS_FIELD_SOURCE: [(&str, &str); 2] = [("group.id", "group"), ("auto.offset.reset", "start")];
const HAS_FIELD_SINK: [(&str, &str); 2] = [("compression.type", "compression"), ("compression.codec", "compression")];

/// Settings on which "nothing is lost" rests.
const KEPT_SOURCE: [&str; 3] = ["enable.auto.commit", "enable.auto.offset.store", "auto.commit.enable"];
const KEPT_SINK: [&str; 5] = ["acks", "request.required.acks", "enable.idempotence", "transactional.id", "delivery.report.only.error"];

/// Which end of the pipeline the settings are for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    Source,
    Sink,
}

/// Reads the field `properties`.
pub(super) fn read(fields: &Fields<'_>, end: End, notes: &mut Notes) -> Vec<At<Property<At<String>>>> {
    let Some(value) = fields.get("properties") else {
        return Vec::new();
    };
    let Some(entries) = fields::entries(value.node, &value.label, notes) else {
        return Vec::new();
    };
    let mut properties = Vec::new();
    for (key, node) in entries {
        if refused(&key.text, key.place, end, notes) {
            continue;
        }
        let value = Value { node, label: format!("property {} of {}", quoted(&key.text), fields.owner()) };
        if let Some(property) = property(&key.text, &value, notes) {
            properties.push(At { place: key.place, value: property });
        }
    }
    properties
}

fn property(name: &str, value: &Value<'_>, notes: &mut Notes) -> Option<Property<At<String>>> {
    if matches!(value.node.kind, Kind::Map(_)) {
        let fields = Fields::of(value.node, value.label.clone(), notes)?;
        fields.only(&["file"], notes);
        let path = fields.require("file", "write {file: PATH}", notes)?.text(notes)?;
        return Some(Property::File { name: name.to_owned(), value: path });
    }
    let At { place, value: text } = fields::setting(value, notes)?;
    if is_secret(name) {
        notes.warning(
            place,
            format!("{} is written into the pipeline file", value.label),
            "keep it in a file of mode 0600 and write {file: PATH}",
        );
        return Some(Property::Literal { name: name.to_owned(), value: Secret::new(text) });
    }
    Some(Property::Open { name: name.to_owned(), value: text })
}

/// Whether a setting's value is a secret. By what its name says, so that a setting we have not heard of is hidden too.
fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    ["password", "secret", "passphrase", "key.pem", "token", "sasl.oauthbearer.config"].iter().any(|word| name.ends_with(word))
}

fn refused(name: &str, place: Place, end: End, notes: &mut Notes) -> bool {
    let (with_field, kept) = match end {
        End::Source => (&HAS_FIELD_SOURCE, &KEPT_SOURCE[..]),
        End::Sink => (&HAS_FIELD_SINK, &KEPT_SINK[..]),
    };
    if name.is_empty() || !name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-')) {
        notes.mistake(place, format!("{} is no name of a librdkafka setting", quoted(name)), "names are like \"security.protocol\"");
        return true;
    }
    if let Some((_, field)) = HAS_FIELD.iter().chain(with_field).find(|(property, _)| *property == name) {
        notes.mistake(place, format!("property {} has a field of its own", quoted(name)), format!("write it as \"{field}\""));
        return true;
    }
    if kept.contains(&name) {
        notes.mistake(place, format!("property {} is set by scrubjay, so that nothing is lost", quoted(name)), "remove it");
        return true;
    }
    false
}

/// The settings with the secret files read and relative paths made absolute.
pub(super) fn check(written: Vec<At<Property<At<String>>>>, base: &Base, notes: &mut Notes) -> Vec<Property<Secret>> {
    written.into_iter().filter_map(|At { value, .. }| check_one(value, base, notes)).collect()
}

fn check_one(property: Property<At<String>>, base: &Base, notes: &mut Notes) -> Option<Property<Secret>> {
    Some(match property {
        Property::Literal { name, value } => Property::Literal { name, value },
        // "probe" is librdkafka's word for looking in the usual places.
        Property::Open { name, value } if name.ends_with(".location") && value != "probe" => {
            Property::Open { name, value: base.path(&value).to_string_lossy().into_owned() }
        }
        Property::Open { name, value } => Property::Open { name, value },
        Property::File { name, value: at } => {
            let path = base.path(&at.value);
            match secret_file(&path) {
                Ok(value) => Property::File { name, value },
                Err(Mistake { what, remedy, .. }) => {
                    notes.mistake(at.place, what, remedy);
                    return None;
                }
            }
        }
    })
}

fn secret_file(path: &std::path::Path) -> Result<Secret, Mistake> {
    let problem = |what: &str, remedy: &str| Mistake {
        place: None,
        what: format!("the secret file {} {what}", clean(&path.to_string_lossy())),
        remedy: remedy.to_owned(),
    };
    paths::private_file(path, 1..=SECRET_BYTES_MAX).map_err(|(what, remedy)| problem(&what, &remedy))?;
    let text = std::fs::read_to_string(path)
        .map_err(|e| problem(&format!("cannot be read: {e}"), "it must be UTF-8 text that scrubjay may read"))?;
    let secret = Secret::new(text.trim_end_matches(['\r', '\n']).to_owned());
    drop(zeroize::Zeroizing::new(text));
    if secret.expose().is_empty() || secret.expose().contains(char::is_control) {
        return Err(problem("must hold one line", "write the value alone into it"));
    }
    Ok(secret)
}
