use proptest::prelude::*;
use serde_json::Value;

use super::*;

/// What serde_json, which reads the whole document, says of the same line: it is one object, and we agree on its end.
fn check(line: &[u8]) {
    let oracle = serde_json::from_slice::<Value>(line).ok().and_then(|v| v.as_object().cloned());
    let shown = line.escape_ascii();
    match (object(line, &[]), oracle) {
        (None, None) => {}
        (Some(object), Some(members)) => {
            assert_eq!(line.get(object.close), Some(&b'}'), "{shown}");
            assert!(line[object.close + 1..].iter().all(u8::is_ascii_whitespace), "{shown}");
            assert_eq!(object.is_empty, members.is_empty(), "{shown}");
            let (at, text) = splice(line, r#""new":[{"a":"}"}],"x":1"#).expect("it was read a moment ago");
            let longer = [&line[..at], text.as_bytes(), &line[at..]].concat();
            let Value::Object(mut after) = serde_json::from_slice(&longer).unwrap_or_else(|e| panic!("{shown}: {e}")) else {
                panic!("{shown}")
            };
            assert_eq!(after.remove("new"), Some(serde_json::json!([{"a": "}"}])), "{shown}");
            assert_eq!(after.remove("x"), Some(1.into()), "{shown}");
            assert_eq!(after, members.into_iter().filter(|(n, _)| n != "new" && n != "x").collect(), "{shown}");
        }
        (ours, oracle) => panic!("{shown}: ours {ours:?}, serde_json {oracle:?}"),
    }
}

#[test]
fn lines_as_serde_json_reads_them() {
    let lines = [
        r#"{}"#,
        " \t{ } \r\n",
        r#"{"a":1}"#,
        r#"{"a" : "}" , "b":[1,{"c":{}},[]],"d":null,"e":true,"f":false}"#,
        r#"{"a":-0.5e+10,"b":0,"c":-0,"d":1E2,"e":10.01}"#,
        r#"{"":"","a":"\"\\\/\b\f\n\r\t\u0041\uD83D\uDE00"}"#,
        "{\"caf\u{e9}\":\"\u{1F600}\u{2028}\"}",
        r#"{"a":1,"a":2}"#,
        "",
        " ",
        "{",
        "}",
        "{}}",
        "{}{}",
        "{} x",
        "[]",
        "[{}]",
        "1",
        "\"{}\"",
        "null",
        "{\"a\"}",
        "{\"a\":}",
        "{\"a\":1,}",
        "{,}",
        "{\"a\":1 \"b\":2}",
        "{a:1}",
        "{'a':1}",
        "{\"a\":01}",
        "{\"a\":1.}",
        "{\"a\":.5}",
        "{\"a\":+1}",
        "{\"a\":1e}",
        "{\"a\":-}",
        "{\"a\":[1,]}",
        "{\"a\":[,1]}",
        "{\"a\":[1}",
        "{\"a\":{]}",
        "{\"a\":(1)}",
        "{\"a\":\"b}",
        "{\"a\":\"\\\"}",
        "{\"a\":\"\\x\"}",
        "{\"a\":\"\\u12\"}",
        "{\"a\":\"\t\"}",
        "{\"a\":tru}",
        "{\"a\":truee}",
        "{\"a\":True}",
        "{\"a\":NaN}",
        "\u{feff}{}",
        "{\u{a0}}",
        "2026-11-23 INFO {\"a\":1}",
    ];
    lines.iter().for_each(|line| check(line.as_bytes()));
    for line in [b"{\"a\":\"\xff\"}".as_slice(), b"{\"a\xc3\":1}", b"{\"a\":\"\xc3\\u0041\"}", b"{\"a\":\"\xed\xa0\x80\"}", b"{\0}"] {
        check(line);
    }
    // Grammar, but no Unicode: serde_json refuses it, most readers do not. It is the record's own and stays.
    assert!(object(br#"{"a":"\ud800"}"#, &[]).is_some());
    // A number that no double can hold is one by RFC 8259 §6.
    assert!(object(br#"{"a":1e400}"#, &[]).is_some());
}

#[test]
fn every_beginning_of_a_record_is_no_record() {
    let line = br#" {"a\u0041":[1,{"c":"}"},"]"],"d":-0.5e+1,"t":true} "#;
    check(line);
    for end in 0..line.len() - 1 {
        assert_eq!(object(&line[..end], &[]), None, "{end}");
    }
}

#[test]
fn names_are_compared_as_they_read() {
    let asked = ["scrubjay", "a\"b", "\u{1F600}", "\u{fffd}", "scrubjay.token.", "a/b", "\n"];
    let cases: &[(&str, &[usize])] = &[
        (r#"{}"#, &[]),
        (r#"{"scrubjay":1}"#, &[0]),
        (r#"{"x":1,"scrub\u006aay":{}}"#, &[0]),
        (r#"{"\u0073\u0063\u0072\u0075\u0062\u006A\u0061\u0079":[]}"#, &[0]),
        (r#"{"x":{"scrubjay":1},"y":[{"scrubjay":1}],"z":"scrubjay"}"#, &[]),
        (r#"{"scrubja":1,"scrubjayy":1,"Scrubjay":1,"\\u0073crubjay":1}"#, &[]),
        (r#"{"a\"b":1}"#, &[1]),
        (r#"{"a\u0022b":1,"a\/b":2}"#, &[1, 5]),
        (r#"{"\ud83d\uDE00":1}"#, &[2]),
        (r#"{"\ud83d":1,"\udE00":1,"\ud83dx":1}"#, &[3]),
        (r#"{"scrubjay.token.iss":1}"#, &[4]),
        (r#"{"scrubjay.token.":1}"#, &[4]),
        (r#"{"scrubjay.token":1}"#, &[]),
        (r#"{"\n":1,"\u000a":2,"scrubjay":3}"#, &[0, 6]),
    ];
    for (line, expected) in cases {
        let object = object(line.as_bytes(), &asked).unwrap_or_else(|| panic!("{line}"));
        let has: Vec<usize> = (0..asked.len()).filter(|&i| object.has(i)).collect();
        assert_eq!(has, *expected, "{line}");
    }
}

#[test]
fn depth_has_a_limit_and_size_has_none() {
    let nested = |depth: u32| {
        let inner = depth as usize - 1;
        format!("{{\"a\":{}1{}}}", "[".repeat(inner), "]".repeat(inner))
    };
    assert!(object(nested(DEPTH_MAX).as_bytes(), &[]).is_some());
    assert!(object(nested(DEPTH_MAX + 1).as_bytes(), &[]).is_none());
    for hostile in ["[", "{\"a\":", "{\"a\":[", "\"", "\\", "{\"\\u0041"] {
        let line = format!("{{\"a\":{}", hostile.repeat(200_000));
        assert_eq!(object(line.as_bytes(), &["a"]), None);
    }
    let many: Vec<String> = (0..20_000).map(|i| format!("\"m{i}\":{{\"x\":[{i},\"\\n\"]}}")).collect();
    let line = format!("{{{}}}", many.join(","));
    let names: Vec<&str> = (0..NAMES_MAX).map(|_| "m19999").chain(["m0"]).collect();
    let object = object(line.as_bytes(), &names).unwrap();
    assert!(object.has(0) && object.has(63) && !object.has(64) && object.close == line.len() - 1);
}

/// Any JSON, not too deep.
fn json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        (-1e300..1e300).prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::vec((any::<String>(), inner), 0..5).prop_map(|m| Value::Object(m.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn any_json_as_serde_json_reads_it(value in json(), pretty in any::<bool>()) {
        check(if pretty { serde_json::to_string_pretty(&value) } else { serde_json::to_string(&value) }.unwrap().as_bytes());
    }

    #[test]
    fn any_json_with_a_byte_changed(value in json(), at in any::<prop::sample::Index>(), byte in prop::sample::select(b"{}[]\",:\\0-.eE tn\xff".to_vec())) {
        let mut line = serde_json::to_vec(&serde_json::json!({"a": value, "b": 1})).unwrap();
        let at = at.index(line.len());
        line[at] = byte;
        // The two differ only where serde_json asks for more than the grammar: numbers that fit, whole surrogate pairs.
        if object(&line, &[]).is_none() || serde_json::from_slice::<Value>(&line).is_ok() {
            check(&line);
        }
    }

    #[test]
    fn any_bytes_do_no_harm(line in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = object(&line, &["a"]);
    }
}
