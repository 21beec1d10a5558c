//! `scrubjay schema`: JSON Schemas of the files that people write, for their editors.
//!
//! They are written by hand in `schema/`. `schema/tests.rs` holds them to what the readers of the files accept: fields,
//! words and ranges are asked of the readers, and whatever those refuse in shape a schema refuses, too.

use serde_json::Value;

use crate::cli::SchemaOf;
use crate::exit::Exit;
use crate::scrub;

#[cfg(test)]
pub(crate) mod tests;

const POLICY: &str = include_str!("schema/policy.json");
/// Without the definitions of the policy, which can stand in a pipeline file.
const PIPELINE: &str = include_str!("schema/pipeline.json");

/// Prints a schema, JSON Schema 2020-12.
pub(crate) fn run(of: SchemaOf) -> Exit {
    scrub::write_quietly(text(of).as_bytes())
}

fn text(of: SchemaOf) -> String {
    match of {
        SchemaOf::Policy => POLICY.to_owned(),
        SchemaOf::Pipeline => format!("{:#}\n", pipeline()),
    }
}

fn pipeline() -> Value {
    let [mut schema, mut policy] = [PIPELINE, POLICY].map(|text| serde_json::from_str(text).unwrap_or(Value::Null));
    if let (Some(Value::Object(all)), Some(Value::Object(more))) = (schema.get_mut("$defs"), policy.get_mut("$defs")) {
        all.append(more);
    }
    schema
}
