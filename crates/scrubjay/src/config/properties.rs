//! Settings for librdkafka: which are secret, which scrubjay keeps for itself.

use super::paths::{self, Base};
use super::secret::Secret;
use scrubjay_yaml::Kind;
use scrubjay_yaml::{At, Fields, Value};
use scrubjay_yaml::{Mistake, Notes, Place, clean, quoted};

/// A setting for librdkafka. Its value may be a secret also where the name does not say so, and is never shown.
#[derive(Clone, Debug)]
pub(crate) struct Property {
    /// librdkafka's name for it.
    pub(crate) name: String,
    /// Its value.
    pub(crate) value: Secret,
}

/// A setting as it was written.
#[derive(Debug)]
pub(super) struct WrittenProperty {
    name: String,
    value: WrittenValue,
}

#[derive(Debug)]
enum WrittenValue {
    Here(Secret),
    InFile(At<String>),
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
pub(super) fn read(fields: &Fields<'_>, end: End, notes: &mut Notes) -> Vec<WrittenProperty> {
    let Some(value) = fields.get("properties") else {
        return Vec::new();
    };
    let Some(entries) = scrubjay_yaml::entries(value.node, &value.label, notes) else {
        return Vec::new();
    };
    let mut properties = Vec::new();
    for (key, node) in entries {
        if refused(&key.text, key.place, end, notes) {
            continue;
        }
        let value = Value { node, label: format!("property {} of {}", quoted(&key.text), fields.owner()) };
        properties.extend(written_value(&key.text, &value, notes).map(|value| WrittenProperty { name: key.text.clone(), value }));
    }
    properties
}

fn written_value(name: &str, value: &Value<'_>, notes: &mut Notes) -> Option<WrittenValue> {
    if matches!(value.node.kind, Kind::Map(_)) {
        let fields = Fields::of(value.node, value.label.clone(), notes)?;
        fields.only(&["file"], notes);
        return fields.require("file", "write {file: PATH}", notes)?.text(notes).map(WrittenValue::InFile);
    }
    let At { place, value: text } = scrubjay_yaml::setting(value, notes)?;
    if is_secret(name) {
        notes.warning(
            place,
            format!("{} is written into the pipeline file", value.label),
            "keep it in a file of mode 0600 and write {file: PATH}",
        );
    }
    Some(WrittenValue::Here(Secret::new(text)))
}

/// Whether a setting's value is a secret. By what its name says, so that settings we have not heard of count too.
fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    ["password", "secret", "passphrase", "key.pem", "token", "sasl.oauthbearer.config", "jaas.config"]
        .iter()
        .any(|word| name.ends_with(word))
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
pub(super) fn check(written: Vec<WrittenProperty>, base: &Base, notes: &mut Notes) -> Vec<Property> {
    written.into_iter().filter_map(|property| check_one(property, base, notes)).collect()
}

fn check_one(WrittenProperty { name, value }: WrittenProperty, base: &Base, notes: &mut Notes) -> Option<Property> {
    let value = match value {
        // "probe" is librdkafka's word for looking in the usual places.
        WrittenValue::Here(value) if name.ends_with(".location") && value.expose() != "probe" => {
            Secret::new(base.path(value.expose()).to_string_lossy().into_owned())
        }
        WrittenValue::Here(value) => value,
        WrittenValue::InFile(at) => match secret_file(&base.path(&at.value)) {
            Ok(value) => value,
            Err(Mistake { what, remedy, .. }) => {
                notes.mistake(at.place, what, remedy);
                return None;
            }
        },
    };
    Some(Property { name, value })
}

fn secret_file(path: &std::path::Path) -> Result<Secret, Mistake> {
    let problem = |what: &str, remedy: &str| Mistake {
        place: None,
        what: format!("the secret file {} {what}", clean(&path.to_string_lossy())),
        remedy: remedy.to_owned(),
    };
    paths::private_file(path, 1..=SECRET_BYTES_MAX).map_err(|(what, remedy)| problem(&what, &remedy))?;
    let text = std::fs::read_to_string(path)
        .map(zeroize::Zeroizing::new)
        .map_err(|e| problem(&format!("cannot be read: {e}"), "it must be UTF-8 text that scrubjay may read"))?;
    let secret = Secret::new(text.trim_end_matches(['\r', '\n']).to_owned());
    if secret.expose().is_empty() || secret.expose().contains(char::is_control) {
        return Err(problem("must hold one line", "write the value alone into it"));
    }
    Ok(secret)
}
