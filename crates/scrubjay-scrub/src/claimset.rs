//! Claims as JSON: what a claim set holds, with original names, nesting and types (DESIGN §7).

use scrubjay_token::json::Value;

/// One claim of a claim set.
pub(crate) struct Member<'a> {
    /// The member names that lead to it.
    pub(crate) path: Vec<&'a str>,
    pub(crate) value: &'a Value,
}

/// `{"a":{"b":1},"c":2}` of members that come in the order of the token, depth first.
pub(crate) fn object<'a>(members: impl Iterator<Item = &'a Member<'a>>) -> String {
    let mut out = String::from("{");
    let mut open: Vec<&str> = Vec::new();
    let mut first = true;
    for member in members {
        let Some((name, parents)) = member.path.split_last() else { continue };
        let common = open.iter().zip(parents).take_while(|(a, b)| a == b).count();
        while open.len() > common {
            out.push('}');
            open.pop();
        }
        for parent in parents.iter().skip(common) {
            comma(&mut out, &mut first);
            string(parent, &mut out);
            out.push_str(":{");
            open.push(parent);
            first = true;
        }
        comma(&mut out, &mut first);
        string(name, &mut out);
        out.push(':');
        write(member.value, &mut out);
    }
    out.extend(open.iter().map(|_| '}'));
    out.push('}');
    out
}

fn comma(out: &mut String, first: &mut bool) {
    if !std::mem::replace(first, false) {
        out.push(',');
    }
}

/// Writes a value as JSON (RFC 8259). Numbers keep their text.
pub(crate) fn write(value: &Value, out: &mut String) {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(b) => out.push_str(if *b { "true" } else { "false" }),
        Value::Number(n) => out.push_str(n),
        Value::String(s) => string(s, out),
        Value::Array(list) => {
            let mut first = true;
            out.push('[');
            for element in list {
                comma(out, &mut first);
                write(element, out);
            }
            out.push(']');
        }
        Value::Object(members) => {
            let mut first = true;
            out.push('{');
            for (name, value) in members {
                comma(out, &mut first);
                string(name, out);
                out.push(':');
                write(value, out);
            }
            out.push('}');
        }
    }
}

fn string(text: &str, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            c if c < ' ' => out.push_str(&format!("\\u{:04x}", c as u32)),
            c => out.push(c),
        }
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use scrubjay_token::json::parse;

    use super::*;

    #[test]
    fn a_claim_set_keeps_names_nesting_and_types() {
        let text = r#"{"sub":"j\"o\\\u0001é","n":1.50,"a":{"b":{"c":[1,null,true,{"x":"y"}],"d":2},"e":3},"f":{}}"#;
        let value = parse(text.as_bytes()).value;
        let mut whole = String::new();
        write(&value, &mut whole);
        assert_eq!(whole, text);
        let at = |path: &[&str]| path.iter().fold(&value, |v, name| v.get(name).unwrap());
        let paths: [&[&'static str]; 5] = [&["sub"], &["a", "b", "c"], &["a", "b", "d"], &["a", "e"], &["f"]];
        let members: Vec<Member<'_>> = paths.iter().map(|p| Member { path: p.to_vec(), value: at(p) }).collect();
        assert_eq!(object(members.iter()), r#"{"sub":"j\"o\\\u0001é","a":{"b":{"c":[1,null,true,{"x":"y"}],"d":2},"e":3},"f":{}}"#);
        assert_eq!(object(std::iter::empty()), "{}");
    }
}
