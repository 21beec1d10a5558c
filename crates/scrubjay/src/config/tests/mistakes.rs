//! Every mistake with its place: a table of texts and of all that is said about them.

use super::check;

#[test]
fn text_that_is_not_yaml() {
    check(
        r#"
sources: {in: [}
"#,
        &[
            r#"1:16: this is not YAML: while parsing a node, did not find expected node content (look at indentation, quotes and brackets at and above this place)"#,
        ],
    );
    check(
        r#"
a: b: c
"#,
        &[
            r#"1:5: this is not YAML: mapping values are not allowed in this context (look at indentation, quotes and brackets at and above this place)"#,
        ],
    );
    check(
        "sources: {in: {type: stdin}}\nsinks: {out: {type: stdout}}\npipelines: [{from: in, to: out}]\n\u{9}x: 1\n",
        &[
            r#"4:2: this is not YAML: while parsing a block mapping, did not find expected key (look at indentation, quotes and brackets at and above this place)"#,
        ],
    );
    check(
        r#"
a: "x
"#,
        &[
            r#"1:4: this is not YAML: while scanning a quoted scalar, found unexpected end of stream (look at indentation, quotes and brackets at and above this place)"#,
        ],
    );
    check(
        r#"
"#,
        &[r#"1:1: the pipeline file is empty (it needs `sources`, `sinks` and `pipelines`)"#],
    );
    check(
        r#"
# nothing
"#,
        &[r#"1:1: the pipeline file is empty (it needs `sources`, `sinks` and `pipelines`)"#],
    );
    check(
        r#"
sources: {in: {type: stdin}}
sinks: {out: {type: stdout}}
pipelines: [{from: in, to: out}]
---
a: 1
"#,
        &[r#"4:1: a second document begins here (one file is one document: remove the line `---`)"#],
    );
    check("a: \"\u{1}\"\n", &[r#"1:5: the control character U+0001 has no place in YAML (remove it)"#]);
    check(
        "sources: {in: {type: stdin}}\nsinks: {out: {type: stdout}}\npipelines: [{from: in, to: out}]\n\u{0}\nfoo: 1\n",
        &[r#"4:1: the control character U+0000 has no place in YAML (remove it)"#],
    );
    check(
        r#"
sources: &a {in: *a}
"#,
        &[r#"1:18: this alias stands for a value that contains it (write the value out)"#],
    );
    check(
        r#"
sources: *b
"#,
        &[
            r#"1:10: this is not YAML: while parsing node, found unknown anchor (look at indentation, quotes and brackets at and above this place)"#,
        ],
    );
    check(
        r#"
sources: {in: {type: stdin}}
sinks: {out: {type: stdout}}
pipelines: [{from: in, to: out}]
state_dir: !x y
"#,
        &[r#"4:12: unknown tag "!x" (remove the tag)"#],
    );
    check(
        "\u{feff}sources: {in: {type: stdin}}\nsinks: {out: {type: stdout}}\npipelines: [{from: in, to: out}]\nzzz: 1\n",
        &[
            r#"4:1: unknown field "zzz" in the pipeline file (it can have version, state_dir, start_afresh, threads, policy, keys, limits, rules, sources, sinks, pipelines, tests)"#,
        ],
    );
}

#[test]
fn duplicate_keys() {
    check(
        r#"
sources: {in: {type: stdin}}
sinks: {out: {type: stdout}}
pipelines: [{from: in, to: out}]
version: 1
version: 1
"#,
        &[r#"5:1: "version" is here for the second time (first in line 4) (keep one of them)"#],
    );
    check(
        r#"
sources:
  in: {type: stdin, type: stdin}
  in: {type: stdin}
sinks: {out: {type: stdout}}
pipelines: [{from: in, to: out}]
"#,
        &[
            r#"2:21: "type" is here for the second time (first in line 2) (keep one of them)"#,
            r#"3:3: "in" is here for the second time (first in line 2) (keep one of them)"#,
        ],
    );
}

#[test]
fn depth_and_aliases() {
    check(
        &(b'b'..=b'j').map(char::from).zip('a'..).fold("a: &a [x,x,x,x,x,x,x,x,x,x]\n".to_owned(), |text, (this, last)| {
            format!("{text}{this}: &{this} [{}]\n", [format!("*{last}").as_str(); 10].join(","))
        }),
        &[r#"5:8: the file has more than 20000 values, aliases written out (use fewer aliases, or split the file)"#],
    );
    check(
        &(0..200).fold("a0: &a0 [x]\n".to_owned(), |text, i| format!("{text}a{}: &a{} [*a{i}]\n", i + 1, i + 1)),
        &[r#"32:12: lists and mappings are nested deeper than 32 (write it flatter)"#],
    );
    check(
        &format!("a: {}\n", "[".repeat(100_000)),
        &[r#"1:259: this is not YAML: recursion limit exceeded (look at indentation, quotes and brackets at and above this place)"#],
    );
    check(
        r#"
[a, [a, [a, [a, [a, [a, [a, [a, [a, [a, [a, [a, [a, [a, [a, [a, [a, [a, [a, [a, [a, [a, [a, [a, [a, [a, [a, [a, [a, [a, [a, [a, [a, ]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]"#,
        &[r#"1:129: lists and mappings are nested deeper than 32 (write it flatter)"#],
    );
    check(
        r#"
sources: {in: &a {type: stdin}, b: *a}
sinks: {out: {type: stdout}}
pipelines: [{from: in, to: out}]
"#,
        &[r#"1:33: source "b" uses standard input, as does source "in" (there is only one: remove one of them)"#],
    );
    check(
        r#"
sources:
  in: {type: file, include: &p [a, b], exclude: *p, inclde: *p}
sinks: {out: {type: stdout}}
pipelines: [{from: in, to: out}]
"#,
        &[r#"2:53: unknown field "inclde" in source "in" (did you mean "include"?)"#],
    );
}

#[test]
fn unknown_fields() {
    check(
        r#"
sources: {in: {type: stdin}}
sinks: {out: {type: stdout}}
pipelines: [{from: in, to: out}]
polcy: x
"#,
        &[r#"4:1: unknown field "polcy" in the pipeline file (did you mean "policy"?)"#],
    );
    check(
        r#"
sources: {in: {type: stdin}}
sinks: {out: {type: stdout}}
pipelines: [{from: in, to: out}]
zzz: x
"#,
        &[
            r#"4:1: unknown field "zzz" in the pipeline file (it can have version, state_dir, start_afresh, threads, policy, keys, limits, rules, sources, sinks, pipelines, tests)"#,
        ],
    );
    check(
        r#"
sources: {in: {type: stdin}}
sinks: {out:
  {type: file, path: o.log, pth: x}}
pipelines: [{from: in, to: out}]
"#,
        &[r#"3:29: unknown field "pth" in sink "out" (did you mean "path"?)"#],
    );
    check(
        r#"
sources: {in: {type: stdin}}
sinks: {out: {type: stdout, path: x}}
pipelines: [{from: in, to: out}]
"#,
        &[r#"2:29: unknown field "path" in sink "out" (it can have type)"#],
    );
    check(
        r#"
sources: {in: {type: stdin}}
sinks: {out: {type: stdout}}
pipelines: [{from: in, to: out}]
<<: {a: 1}
"#,
        &[r#"4:1: unknown field "<<" in the pipeline file (merge keys are not part of YAML 1.2: repeat the fields)"#],
    );
    check(
        r#"
sources: {in: {type: stdin}}
sinks: {out: {type: stdout}}
pipelines: [{from: in, to: out}]
"a\nb": 1
"#,
        &[
            r#"4:1: unknown field "a\nb" in the pipeline file (it can have version, state_dir, start_afresh, threads, policy, keys, limits, rules, sources, sinks, pipelines, tests)"#,
        ],
    );
    check(
        "sources: {in: {type: stdin}}\nsinks: {out: {type: stdout}}\npipelines: [{from: in, to: out}]\n\"a\u{202e}b\": 1\n",
        &[
            r#"4:1: unknown field "a\u{202e}b" in the pipeline file (it can have version, state_dir, start_afresh, threads, policy, keys, limits, rules, sources, sinks, pipelines, tests)"#,
        ],
    );
    check(
        r#"
sources: {in: {type: stdin}}
sinks: {out: {type: stdout}}
pipelines: [{from: in, to: out}]
keys: {"é": 1, fingerprnt: x}
"#,
        &[
            r#"4:8: unknown field "é" in "keys" (it can have fingerprint, audiences, epochs, identity, mode)"#,
            r#"4:16: unknown field "fingerprnt" in "keys" (did you mean "fingerprint"?)"#,
        ],
    );
}

#[test]
fn missing_fields() {
    check(
        r#"
version: 1
"#,
        &[
            r#"1:1: the pipeline file has no field "pipelines" (write `pipelines: [{from: [SOURCE], to: [SINK]}]`)"#,
            r#"1:1: the pipeline file has no field "sinks" (write `sinks: {NAME: {type: file, …}}`)"#,
            r#"1:1: the pipeline file has no field "sources" (write `sources: {NAME: {type: file, …}}`)"#,
        ],
    );
    check(
        r#"
sources: {in: {type: file}}
sinks: {out: {type: stdout}}
pipelines: [{from: in, to: out}]
"#,
        &[r#"1:15: source "in" has no field "include" (name the files to read, such as include: ["logs/*.log"])"#],
    );
    check(
        r#"
sources: {in: {type: kafka}}
sinks: {out: {type: stdout}}
pipelines: [{from: in, to: out}]
"#,
        &[
            r#"1:15: source "in" has no field "brokers" (name at least one broker, such as brokers: "127.0.0.1:9092")"#,
            r#"1:15: source "in" has no field "group" (name the consumer group, such as group: scrubjay)"#,
            r#"1:15: source "in" has no field "topics" (name the topics to read, such as topics: [raw])"#,
        ],
    );
    check(
        r#"
sources: {in: {type: stdin}}
sinks: {out: {type: file}}
pipelines: [{from: in, to: out}]
"#,
        &[r#"2:14: sink "out" has no field "path" (name the file to write, such as path: out/clean.log)"#],
    );
    check(
        r#"
sources: {in: {type: stdin}}
sinks: {out: {type: kafka}}
pipelines: [{from: in, to: out}]
"#,
        &[
            r#"2:14: sink "out" has no field "brokers" (name at least one broker, such as brokers: "127.0.0.1:9092")"#,
            r#"2:14: sink "out" has no field "topic" (name the topic to write to, such as topic: clean)"#,
        ],
    );
    check(
        r#"
sources: {in: {}}
sinks: {out: {type: stdout}}
pipelines: [{from: in, to: out}]
"#,
        &[r#"1:15: source "in" has no field "type" (it can be file, stdin, kafka)"#],
    );
    check(
        r#"
sources: {in: {type: stdin}}
sinks: {out: {type: stdout}}
pipelines: [{}]
"#,
        &[
            r#"3:13: pipeline 1 has no field "from" (name the sources, such as from: [app])"#,
            r#"3:13: pipeline 1 has no field "to" (name the sinks, such as to: [clean])"#,
        ],
    );
}

#[test]
fn wrong_types() {
    check(
        r#"
hello
"#,
        &[r#"1:1: the pipeline file must be a mapping, found text (write fields as `name: value`)"#],
    );
    check(
        r#"
- a
"#,
        &[r#"1:1: the pipeline file must be a mapping, found a list (write fields as `name: value`)"#],
    );
    check(
        r#"
~
"#,
        &[r#"1:1: the pipeline file must be a mapping, found nothing (write fields as `name: value`)"#],
    );
    check(
        r#"
sources: {in: {type: stdin}}
sinks: {out: {type: stdout}}
pipelines: [{from: in, to: out}]
state_dir: 5
"#,
        &[r#"4:12: "state_dir" of the pipeline file must be text, found the number 5 (put it in quotes if it is meant as text)"#],
    );
    check(
        r#"
sources: {in: {type: stdin}}
sinks: {out: {type: stdout}}
pipelines: [{from: in, to: out}]
state_dir: [a]
"#,
        &[r#"4:12: "state_dir" of the pipeline file must be text, found a list (write one value)"#],
    );
    check(
        r#"
sources: {in: {type: stdin}}
sinks: {out: {type: stdout}}
pipelines: [{from: in, to: out}]
state_dir:
"#,
        &[r#"4:10: "state_dir" of the pipeline file must be text, found nothing (give it a value, or remove the field)"#],
    );
    check(
        r#"
sources: {in: {type: stdin}}
sinks: {out: {type: stdout}}
pipelines: [{from: in, to: out}]
state_dir: ""
"#,
        &[r#"4:12: "state_dir" of the pipeline file is empty (give it a value, or remove the field)"#],
    );
    check(
        r#"
sources: {in: {type: stdin}}
sinks: {out: {type: stdout}}
pipelines: [{from: in, to: out}]
state_dir: true
"#,
        &[r#"4:12: "state_dir" of the pipeline file must be text, found true (put it in quotes if it is meant as text)"#],
    );
    check(
        r#"
sources: []
sinks: x
pipelines: {}
"#,
        &[
            r#"1:10: "sources" must be a mapping, found a list (write fields as `name: value`)"#,
            r#"2:8: "sinks" must be a mapping, found text (write fields as `name: value`)"#,
            r#"3:12: "pipelines" must be a list (write `pipelines: [{from: [SOURCE], to: [SINK]}]`)"#,
        ],
    );
    check(
        r#"
sources: {in: stdin}
sinks: {out: {type: stdout}}
pipelines: [{from: in, to: out}]
"#,
        &[r#"1:15: source "in" must be a mapping, found text (write fields as `name: value`)"#],
    );
    check(
        r#"
sources: {in: {type: stdin}}
sinks: {out: {type: stdout}}
pipelines: [x]
"#,
        &[r#"3:13: pipeline 1 must be a mapping, found text (write fields as `name: value`)"#],
    );
    check(
        r#"
sources: {in: {type: stdin}}
sinks: {out: {type: stdout}}
pipelines: [{from: {a: b}, to: [1, [x]]}]
"#,
        &[
            r#"3:20: "from" of pipeline 1 must be text or a list of text, found a mapping (write one value, or [a, b])"#,
            r#"3:33: each of "to" of pipeline 1 must be text, found the number 1 (put it in quotes if it is meant as text)"#,
            r#"3:36: each of "to" of pipeline 1 must be text, found a list (write one value)"#,
        ],
    );
    check(
        r#"
sources: {in: {type: stdin}}
sinks: {out: {type: stdout}}
pipelines: [{from: in, to: out}]
limits: 7
keys: [a]
"#,
        &[
            r#"4:9: "limits" must be a mapping, found the number 7 (write fields as `name: value`)"#,
            r#"5:7: "keys" must be a mapping, found a list (write fields as `name: value`)"#,
        ],
    );
    check(
        r#"
sources: {in: {type: [file]}}
sinks: {out: {type: stdout}}
pipelines: [{from: in, to: out}]
"#,
        &[r#"1:22: "type" of source "in" must be a word, found a list (one of file, stdin, kafka)"#],
    );
    check(
        r#"
sources: {in: {type: stdin}}
sinks: {out: {type: stdout}}
pipelines: [{from: in, to: out}]
[a]: 1
~: 2
"#,
        &[r#"4:1: a field's name must be text (write `name: value`)"#, r#"5:1: a field's name must be text (write `name: value`)"#],
    );
    check(
        r#"
sources: {in: {type: stdin}}
sinks: {out: {type: stdout}}
pipelines: [{from: in, to: out}]
state_dir: "a\nb"
"#,
        &[r#"4:12: "state_dir" of the pipeline file contains a control character (write it on one line, without escapes such as \n)"#],
    );
}

#[test]
fn words() {
    check(
        r#"
sources: {in: {type: fle}}
sinks: {out: {type: stdout}}
pipelines: [{from: in, to: out}]
"#,
        &[r#"1:22: "type" of source "in" cannot be "fle" (did you mean "file"? It can be file, stdin, kafka)"#],
    );
    check(
        r#"
sources: {in: {type: stdin}}
sinks: {out: {type: http}}
pipelines: [{from: in, to: out}]
"#,
        &[r#"2:21: "type" of sink "out" cannot be "http" (it can be file, stdout, kafka)"#],
    );
    check(
        r#"
sources: {in: {type: file, include: a, start: begining}}
sinks: {out: {type: stdout}}
pipelines: [{from: in, to: out}]
"#,
        &[r#"1:47: "start" of source "in" cannot be "begining" (did you mean "beginning"? It can be beginning, end)"#],
    );
    check(
        r#"
sources: {in: {type: stdin}}
sinks: {out: {type: file, path: a, compression: lz4}}
pipelines: [{from: in, to: out}]
"#,
        &[r#"2:49: "compression" of sink "out" cannot be "lz4" (it can be none, gzip, zstd)"#],
    );
    check(
        r#"
sources: {in: {type: stdin}}
sinks: {out: {type: kafka, brokers: b, topic: t, compression: br}}
pipelines: [{from: in, to: out}]
"#,
        &[r#"2:63: "compression" of sink "out" cannot be "br" (it can be none, gzip, snappy, lz4, zstd)"#],
    );
    check(
        r#"
sources: {in: {type: stdin}}
sinks: {out: {type: xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx}}
pipelines: [{from: in, to: out}]
"#,
        &[r#"2:21: "type" of sink "out" cannot be "xxxxxxxxxxxx…" (it can be file, stdout, kafka)"#],
    );
    check(
        r#"
sources: {in: {type: stdin}}
sinks: {out: {type: stdout}}
pipelines: [{from: in, to: out, delivery: exactly-once}]
"#,
        &[
            r#"3:43: exactly-once delivery is not in this version: after a crash some records may come twice, none is lost (write at-least-once, or remove the field)"#,
        ],
    );
    check(
        r#"
sources: {in: {type: stdin}}
sinks: {out: {type: stdout}}
pipelines: [{from: in, to: out, delivery: atleast-once}]
"#,
        &[
            r#"3:43: "delivery" of pipeline 1 cannot be "atleast-once" (did you mean "at-least-once"? It can be at-least-once, exactly-once)"#,
        ],
    );
    check(
        r#"
sources: {in: {type: stdin}}
sinks: {out: {type: stdout}}
pipelines: [{from: in, to: out}]
version: 2
"#,
        &[r#"4:10: this version of the pipeline file is not known (write version: 1)"#],
    );
    check(
        r#"
sources: {in: {type: stdin}}
sinks: {out: {type: stdout}}
pipelines: [{from: in, to: out}]
version: "1"
"#,
        &[r#"4:10: this version of the pipeline file is not known (write version: 1)"#],
    );
    check(
        r#"
sources: {in: {type: stdin}}
sinks: {out: {type: stdout}}
pipelines: [{from: in, to: out}]
version: 1.5
"#,
        &[r#"4:10: this version of the pipeline file is not known (write version: 1)"#],
    );
}

#[test]
fn amounts() {
    check(
        r#"
sources: {in: {type: stdin}}
sinks: {out: {type: stdout}}
pipelines: [{from: in, to: out}]
limits:
  token_bytes_max: 64KB2
  line_bytes_max: -1
  budget_bytes_max: 0
  marker_bytes_max: [1]
"#,
        &[
            r#"5:20: "token_bytes_max" of "limits" must be a size, found "64KB2" (write a size from 1KiB to 1MiB, such as 64KiB or 10MB)"#,
            r#"6:19: "line_bytes_max" of "limits" is negative: -1 (write a size from 1KiB to 1GiB, such as 64KiB or 10MB)"#,
            r#"7:21: "budget_bytes_max" of "limits" is out of range: 0 (write a size from 4MiB to 64GiB, such as 64KiB or 10MB)"#,
            r#"8:21: "marker_bytes_max" of "limits" must be a size, found a list (write a size from 256B to 1MiB, such as 64KiB or 10MB)"#,
        ],
    );
    check(
        r#"
sources: {in: {type: stdin}}
sinks: {out: {type: stdout}}
pipelines: [{from: in, to: out}]
limits: {token_bytes_max: 2MiB, line_bytes_max: 1.5MiB, budget_bytes_max: 4MB, marker_bytes_max: 99999999999999999999}
"#,
        &[
            r#"4:27: "token_bytes_max" of "limits" is out of range: 2MiB (write a size from 1KiB to 1MiB, such as 64KiB or 10MB)"#,
            r#"4:49: "line_bytes_max" of "limits" must be a size, found "1.5MiB" (write a size from 1KiB to 1GiB, such as 64KiB or 10MB)"#,
            r#"4:75: "budget_bytes_max" of "limits" is out of range: 4MB (write a size from 4MiB to 64GiB, such as 64KiB or 10MB)"#,
            r#"4:98: "marker_bytes_max" of "limits" must be a size, found "99999999999999999999" (write a size from 256B to 1MiB, such as 64KiB or 10MB)"#,
        ],
    );
    check(
        r#"
sources: {in: {type: stdin}}
sinks: {out: {type: stdout}}
pipelines: [{from: in, to: out}]
limits: {line_bytes_max: 128MiB}
"#,
        &[r#"4:26: "line_bytes_max" is larger than "budget_bytes_max" (lower it, or raise the budget)"#],
    );
    check(
        r#"
sources: {in: {type: file, include: a, poll_interval: 5}}
sinks: {out: {type: stdout}}
pipelines: [{from: in, to: out}]
"#,
        &[
            r#"1:55: "poll_interval" of source "in" must be a duration, found "5" (write a duration from 10ms to 1h, such as 250ms, 5s or 1h)"#,
        ],
    );
    check(
        r#"
sources: {in: {type: file, include: a, poll_interval: 0s}}
sinks: {out: {type: stdout}}
pipelines: [{from: in, to: out}]
"#,
        &[r#"1:55: "poll_interval" of source "in" is out of range: 0s (write a duration from 10ms to 1h, such as 250ms, 5s or 1h)"#],
    );
    check(
        r#"
sources: {in: {type: file, include: a, poll_interval: -5s}}
sinks: {out: {type: stdout}}
pipelines: [{from: in, to: out}]
"#,
        &[r#"1:55: "poll_interval" of source "in" is negative: -5s (write a duration from 10ms to 1h, such as 250ms, 5s or 1h)"#],
    );
    check(
        r#"
sources: {in: {type: file, include: a, poll_interval: 5 parsecs}}
sinks: {out: {type: stdout}}
pipelines: [{from: in, to: out}]
"#,
        &[
            r#"1:55: "poll_interval" of source "in" must be a duration, found "5 parsecs" (write a duration from 10ms to 1h, such as 250ms, 5s or 1h)"#,
        ],
    );
    check(
        r#"
sources: {in: {type: stdin}}
sinks: {out: {type: file, path: o, compression: gzip, level: 12}}
pipelines: [{from: in, to: out}]
"#,
        &[r#"2:62: "level" of sink "out" is out of range for gzip: 12 (write a whole number from 1 to 9)"#],
    );
    check(
        r#"
sources: {in: {type: stdin}}
sinks: {out: {type: file, path: o, level: 3}}
pipelines: [{from: in, to: out}]
"#,
        &[r#"2:43: "level" of sink "out" has no meaning without compression (remove it, or add compression: gzip or zstd)"#],
    );
    check(
        r#"
sources: {in: {type: stdin}}
sinks: {out: {type: file, path: o, compression: zstd, level: -3}}
pipelines: [{from: in, to: out}]
"#,
        &[r#"2:62: "level" of sink "out" is negative: -3 (write a whole number from 1 to 22)"#],
    );
    check(
        r#"
sources: {in: {type: stdin}}
sinks: {out: {type: file, path: o, compression: zstd, level: "3"}}
pipelines: [{from: in, to: out}]
"#,
        &[r#"2:62: "level" of sink "out" must be a whole number, found text (write a whole number from 1 to 22)"#],
    );
    check(
        r#"
sources: {in: {type: stdin}}
sinks: {out: {type: file, path: o, rotate: {}}}
pipelines: [{from: in, to: out}]
"#,
        &[r#"2:44: "rotate" of sink "out" says not when (give bytes_max or age_max)"#],
    );
    check(
        r#"
sources: {in: {type: stdin}}
sinks: {out: {type: file, path: o, rotate: {keep: 0, bytes: 1}}}
pipelines: [{from: in, to: out}]
"#,
        &[
            r#"2:44: "rotate" of sink "out" says not when (give bytes_max or age_max)"#,
            r#"2:51: "keep" of "rotate" of sink "out" is out of range: 0 (write a whole number from 1 to 100000)"#,
            r#"2:54: unknown field "bytes" in "rotate" of sink "out" (it can have bytes_max, age_max, keep)"#,
        ],
    );
    check(
        r#"
sources: {in: {type: stdin}}
sinks: {out: {type: file, path: o, rotate: {age_max: 0s, bytes_max: 0}}}
pipelines: [{from: in, to: out}]
"#,
        &[
            r#"2:54: "age_max" of "rotate" of sink "out" is out of range: 0s (write a duration from 1s to 3650d, such as 250ms, 5s or 1h)"#,
            r#"2:69: "bytes_max" of "rotate" of sink "out" is out of range: 0 (write a size from 1KiB to 1TiB, such as 64KiB or 10MB)"#,
        ],
    );
}

#[test]
fn names() {
    check(
        r#"
sources: {"a b": {type: stdin}}
sinks: {"": {type: stdout}}
pipelines: [{from: "a b", to: ""}]
"#,
        &[
            r#"1:11: "a b" cannot be the name of a source (a name is 1 to 64 letters, digits, "_" or "-")"#,
            r#"2:9: "" cannot be the name of a sink (a name is 1 to 64 letters, digits, "_" or "-")"#,
            r#"3:31: "to" of pipeline 1 is empty (give it a value, or remove the field)"#,
        ],
    );
    check(
        r#"
sources: {in: {type: stdin}}
sinks: {out: {type: stdout}}
pipelines: [{from: inn, to: [otu, in, zzzzz]}]
"#,
        &[
            r#"3:20: there is no source "inn" (did you mean "in"?)"#,
            r#"3:30: there is no sink "otu" (did you mean "out"?)"#,
            r#"3:35: there is no sink "in" ("in" is a source)"#,
            r#"3:39: there is no sink "zzzzz" (add it under "sinks", or name one that is there)"#,
        ],
    );
    check(
        r#"
sources: {in: {type: stdin}, x: {type: file, include: a}}
sinks: {out: {type: stdout}, y: {type: file, path: b}}
pipelines: [{from: in, to: out}]
"#,
        &[
            r#"1:30: warning: no pipeline uses source "x": it will not be read (name it in a pipeline, or remove it)"#,
            r#"2:30: warning: no pipeline uses sink "y": it will not be written (name it in a pipeline, or remove it)"#,
        ],
    );
    check(
        r#"
sources: {a: {type: stdin}, b: {type: file, include: q}}
sinks:
  f: {type: file, path: o}
  s: {type: stdout}
  k: {type: kafka, brokers: b, topic: t}
pipelines:
  - {from: a, to: [f, s, k, k]}
  - {from: b, to: [f, s, k]}
"#,
        &[
            r#"7:29: pipeline 1 names sink "k" twice (keep one of them)"#,
            r#"8:20: sink "f" is already written by pipeline 1: two writers would mix their lines in it (put the sources into one pipeline, or give this one a sink of its own)"#,
            r#"8:23: sink "s" is already written by pipeline 1: two writers would mix their lines in it (put the sources into one pipeline, or give this one a sink of its own)"#,
        ],
    );
    check(
        r#"
sources: {in: {type: stdin}}
sinks: {out: {type: stdout}, o: {type: file, path: x}}
pipelines:
  - {from: [in, in], to: out}
  - {from: in, to: o}
"#,
        &[
            r#"4:17: source "in" already feeds pipeline 1 (a source feeds one pipeline: list all its sinks there)"#,
            r#"5:12: source "in" already feeds pipeline 1 (a source feeds one pipeline: list all its sinks there)"#,
        ],
    );
    check(
        r#"
sources: {in: {type: stdin}, i2: {type: stdin}}
sinks: {out: {type: stdout}, o2: {type: stdout}}
pipelines: [{from: [in, i2], to: [out, o2]}]
"#,
        &[
            r#"1:30: source "i2" uses standard input, as does source "in" (there is only one: remove one of them)"#,
            r#"2:30: sink "o2" uses standard output, as does sink "out" (there is only one: remove one of them)"#,
        ],
    );
    check(
        r#"
sources: {in: {type: stdin}}
sinks: {out: {type: stdout}}
pipelines: []
"#,
        &[r#"3:12: "pipelines" is empty (write `pipelines: [{from: [SOURCE], to: [SINK]}]`)"#],
    );
    check(
        r#"
sources: {}
sinks: {}
pipelines: [{from: [], to: []}]
"#,
        &[
            r#"1:10: "sources" is empty (name at least one source)"#,
            r#"2:8: "sinks" is empty (name at least one sink)"#,
            r#"3:20: "from" of pipeline 1 must not be empty (name at least one)"#,
            r#"3:28: "to" of pipeline 1 must not be empty (name at least one)"#,
        ],
    );
}

#[test]
fn patterns_and_paths() {
    check(
        r#"
sources: {in: {type: file, include: ["a/**b", "[", "ok/"], exclude: ["[x"]}}
sinks: {out: {type: stdout}}
pipelines: [{from: in, to: out}]
"#,
        &[
            r#"1:38: "a/**b" is no valid pattern: recursive wildcards must form a single path component (`*`, `?`, `[a-z]` and `**` as a whole folder name can be used)"#,
            r#"1:47: "[" is no valid pattern: invalid range pattern (`*`, `?`, `[a-z]` and `**` as a whole folder name can be used)"#,
            r#"1:52: "ok/" names a folder (add the files, such as logs/*.log)"#,
            r#"1:70: "[x" is no valid pattern: invalid range pattern (`*`, `?`, `[a-z]` and `**` as a whole folder name can be used)"#,
        ],
    );
    check(
        r#"
sources: {in: {type: file, include: "a.{x,y}"}}
sinks: {out: {type: stdout}}
pipelines: [{from: in, to: out}]
"#,
        &[r#"1:37: warning: "{" has no special meaning in a pattern (write a list of patterns)"#],
    );
    check(
        r#"
sources: {in: {type: file, include: "~/a"}}
sinks: {out: {type: stdout}}
pipelines: [{from: in, to: out}]
"#,
        &[r#"1:37: "~/a" begins with `~`, which only a shell expands (write the whole path)"#],
    );
    check(
        r#"
sources: {in: {type: stdin}}
sinks: {out: {type: stdout}}
pipelines: [{from: in, to: out}]
state_dir: "${HOME}/x"
"#,
        &[r#"4:12: warning: "${" in "state_dir" of the pipeline file is taken as it stands (environment variables are not expanded)"#],
    );
    check(
        r#"
sources: {in: {type: stdin}}
sinks: {out: {type: file, path: logs}}
pipelines: [{from: in, to: out}]
"#,
        &[r#"2:33: "path" of sink "out" names a folder (add the name of a file)"#],
    );
    check(
        r#"
sources: {in: {type: stdin}}
sinks: {out: {type: file, path: out/}}
pipelines: [{from: in, to: out}]
"#,
        &[r#"2:33: "path" of sink "out" names a folder (add the name of a file)"#],
    );
    check(
        r#"
sources: {in: {type: stdin}}
sinks: {out: {type: file, path: out/.x}}
pipelines: [{from: in, to: out}]
"#,
        &[r#"2:33: "path" of sink "out" names a hidden file (finished output is never hidden: take the leading dot away)"#],
    );
    check(
        r#"
sources: {in: {type: stdin}}
sinks: {out: {type: stdout}}
pipelines: [{from: in, to: out}]
state_dir: good.key
"#,
        &[r#"4:12: the state folder {dir}/good.key is not a folder (give the path of a folder; it is made when it is missing)"#],
    );
}

#[test]
fn loops() {
    check(
        r#"
sources: {in: {type: file, include: ["logs/*.log"]}}
sinks: {out: {type: file, path: logs/out.log}}
pipelines: [{from: in, to: out}]
"#,
        &[
            r#"2:33: sink "out" writes a file that source "in" reads: its output would come in again without end (write to another folder, or exclude the output from the source)"#,
        ],
    );
    check(
        r#"
sources: {in: {type: file, include: ["logs/*"]}}
sinks: {out: {type: file, path: logs/out.log}}
pipelines: [{from: in, to: out}]
"#,
        &[
            r#"2:33: sink "out" writes a file that source "in" reads: its output would come in again without end (write to another folder, or exclude the output from the source)"#,
        ],
    );
    check(
        r#"
sources: {in: {type: file, include: ["logs/*"], exclude: ["out.log"]}}
sinks: {out: {type: file, path: logs/out.log}}
pipelines: [{from: in, to: out}]
"#,
        &[],
    );
    check(
        r#"
sources: {in: {type: file, include: ["out.log.*"]}}
sinks: {out: {type: file, path: out.log, rotate: {age_max: 1d}}}
pipelines: [{from: in, to: out}]
"#,
        &[
            r#"2:33: sink "out" writes a file that source "in" reads: its output would come in again without end (write to another folder, or exclude the output from the source)"#,
        ],
    );
    check(
        r#"
sources: {in: {type: file, include: x.log}}
sinks: {out: {type: file, path: ./x.log}}
pipelines: [{from: in, to: out}]
"#,
        &[
            r#"2:33: sink "out" writes a file that source "in" reads: its output would come in again without end (write to another folder, or exclude the output from the source)"#,
        ],
    );
    check(
        r#"
sources: {in: {type: file, include: "link/*.log"}}
sinks: {out: {type: file, path: logs/o.log}}
pipelines: [{from: in, to: out}]
"#,
        &[
            r#"2:33: sink "out" writes a file that source "in" reads: its output would come in again without end (write to another folder, or exclude the output from the source)"#,
        ],
    );
    check(
        r#"
sources: {in: {type: file, include: "in/*.log"}}
sinks: {out: {type: file, path: logs/old.log}}
pipelines: [{from: in, to: out}]
"#,
        &[
            r#"2:33: sink "out" writes a file that source "in" reads: its output would come in again without end (write to another folder, or exclude the output from the source)"#,
        ],
    );
    check(
        r#"
sources: {in: {type: file, include: "logs/*.log"}}
sinks: {out: {type: file, path: dangling.log}}
pipelines: [{from: in, to: out}]
"#,
        &[
            r#"2:33: sink "out" writes a file that source "in" reads: its output would come in again without end (write to another folder, or exclude the output from the source)"#,
        ],
    );
    check(
        r#"
sources: {in: {type: stdin}}
sinks:
  a: {type: file, path: o.log}
  b: {type: file, path: ./x/../o.log}
  c: {type: file, path: ./o.log}
pipelines: [{from: in, to: [a, b, c]}]
"#,
        &[
            r#"4:25: sink "b" writes the same file as sink "a" (give each sink a file of its own, or use one sink)"#,
            r#"5:25: sink "c" writes the same file as sink "a" (give each sink a file of its own, or use one sink)"#,
        ],
    );
    check(
        r#"
sources: {in: {type: stdin}}
sinks:
  a: {type: file, path: logs/old.log}
  b: {type: file, path: hard.log}
pipelines: [{from: in, to: [a, b]}]
"#,
        &[r#"4:25: sink "b" writes the same file as sink "a" (give each sink a file of its own, or use one sink)"#],
    );
    check(
        r#"
sources: {in: {type: stdin}}
sinks: {out: {type: file, path: state/x/out.log}}
pipelines: [{from: in, to: out}]
"#,
        &[r#"2:33: sink "out" writes into the state folder (write to another folder, or set state_dir)"#],
    );
    check(
        r#"
sources: {in: {type: stdin}}
sinks: {out: {type: file, path: link/x.log}}
pipelines: [{from: in, to: out}]
state_dir: logs
"#,
        &[r#"2:33: sink "out" writes into the state folder (write to another folder, or set state_dir)"#],
    );
    check(
        r#"
sources: {in: {type: stdin}}
sinks: {out: {type: file, path: p.yaml}}
pipelines: [{from: in, to: out}]
"#,
        &[r#"2:33: sink "out" would write over a file that this configuration is made of (write to another file)"#],
    );
    check(
        r#"
sources: {in: {type: stdin}}
sinks: {out: {type: file, path: good.key}}
pipelines: [{from: in, to: out}]
keys: {fingerprint: good.key}
"#,
        &[r#"2:33: sink "out" would write over a file that this configuration is made of (write to another file)"#],
    );
    check(
        r#"
sources: {in: {type: kafka, brokers: "a:9092,b", topics: [raw, t], group: g}}
sinks: {out: {type: kafka, brokers: ["B:9092"], topic: t}}
pipelines: [{from: in, to: out}]
"#,
        &[
            r#"2:56: sink "out" writes topic "t", which source "in" reads: its output would come in again without end (write to another topic)"#,
        ],
    );
}

#[test]
fn sealing() {
    let pipeline = |rest: &str| {
        format!("\nsources: {{in: {{type: stdin}}}}\nsinks: {{out: {{type: stdout}}}}\npipelines: [{{from: in, to: out}}]\n{rest}\n")
    };
    check(
        &pipeline("keys: {audiences: {soc: [nokey], 'a b': [x]}, epochs: logs, mode: fast}"),
        &[
            r#"4:26: the key file {dir}/nokey cannot be used: no such file (give a public key: JWK, JWK Set or PEM (scrubjay keys new --audience NAME makes one))"#,
            r#"4:34: "a b" is no name of an audience (letters, digits, ".", "_" and "-", at most 64, the first a letter or digit)"#,
            r#"4:55: the epochs file {dir}/logs is a folder (give the path of a file; it is made when it is missing)"#,
            r#"4:67: "mode" of "keys" cannot be "fast" (it can be epochs, standalone)"#,
            r#"4:20: warning: no claim is sealed to audience "soc" (name it in "seal" of the policy, or remove it)"#,
        ],
    );
    check(
        &pipeline("policy: [{match: {}, seal_to: sidecar, claims: {sub: {seal: [soc]}}}]"),
        &[
            r#"4:10: the policy has seal_to: sidecar, and pipeline 1 has no "sidecar" (name a sink for claim sets: sidecar: [vault])"#,
            r#"4:10: warning: the policy seals claims to "soc", and "keys" has no audiences: those claims are dropped (add keys: {audiences: {NAME: [FILE]}})"#,
        ],
    );
}

/// What is wrong in a policy is said with the place in its own file; written out, with the place in this one.
#[test]
fn policy() {
    let pipeline = |policy: &str| {
        format!(
            "\nsources: {{in: {{type: stdin}}}}\nsinks: {{out: {{type: stdout}}}}\npipelines: [{{from: in, to: out}}]\npolicy: {policy}\n"
        )
    };
    check(&pipeline("./none.yaml"), &[r#"4:9: {dir}/none.yaml: no such file (give the path of a readable policy file)"#]);
    check(
        &pipeline("bad.policy.yaml"),
        &[
            r#"4:9: {dir}/bad.policy.yaml:2:5: rule 1 has no field "match" (write match: {} for every token)"#,
            r#"4:9: {dir}/bad.policy.yaml:2:5: unknown field "matches" in rule 1 (did you mean "match"?)"#,
        ],
    );
    check(
        &pipeline("[{match: {class: acess}, claims: {jti: keep}}]"),
        &[
            r#"4:26: "class" of "match" of rule 1 cannot be "acess" (did you mean "access"? It can be access, id, refresh, logout, set, dpop, client-assertion, request, jarm, introspection, sd-jwt, key-binding, service-account, spiffe, ci, nested, encrypted, key, other)"#,
            r#"4:43: "jti" is never shown: it stands for the token itself (use pseudonym, present or none)"#,
        ],
    );
    check(
        &pipeline("{policy: [{match: {}, claims: {gender: pseudonym}}]}"),
        &[
            r#"4:40: warning: a pseudonym of "gender" can be guessed: it has few values, and whoever writes lines and reads the output can try them (use none, count or present, or seal it)"#,
        ],
    );
}

#[test]
fn keys() {
    check(
        r#"
sources: {in: {type: stdin}}
sinks: {out: {type: stdout}}
pipelines: [{from: in, to: out}]
keys: {fingerprint: nokey}
"#,
        &[
            r#"4:21: the key file {dir}/nokey cannot be read: No such file or directory (os error 2) (make one: (umask 077; head -c 32 /dev/urandom > {dir}/nokey))"#,
        ],
    );
    check(
        r#"
sources: {in: {type: stdin}}
sinks: {out: {type: stdout}}
pipelines: [{from: in, to: out}]
keys: {fingerprint: open.key}
"#,
        &[r#"4:21: the key file {dir}/open.key has mode 0644, it must be 0600 (chmod 600 {dir}/open.key)"#],
    );
    check(
        r#"
sources: {in: {type: stdin}}
sinks: {out: {type: stdout}}
pipelines: [{from: in, to: out}]
keys: {fingerprint: short.key}
"#,
        &[r#"4:21: the key file {dir}/short.key has 31 bytes only (it needs 32 to 1048576 bytes)"#],
    );
    check(
        r#"
sources: {in: {type: stdin}}
sinks: {out: {type: stdout}}
pipelines: [{from: in, to: out}]
keys: {fingerprint: .}
"#,
        &[r#"4:21: the key file {dir} is not a regular file (give the path of a file)"#],
    );
    check(
        r#"
sources: {in: {type: stdin}}
sinks: {out: {type: stdout}}
pipelines: [{from: in, to: out}]
keys: {fingerprint: good.key}
"#,
        &[],
    );
}

#[test]
fn kafka() {
    check(
        r#"
sources: {in: {type: kafka, brokers: b, topics: [t], group: g, properties: {sasl.password: hunter2, group.id: x, enable.auto.commit: true, security.protocol: SASL_SSL, "a b": 1, x.y: [1], ssl.key.password: {file: nope}, sasl.username: {fil: a}}}}
sinks: {out: {type: stdout}}
pipelines: [{from: in, to: out}]
"#,
        &[
            r#"1:101: property "group.id" has a field of its own (write it as "group")"#,
            r#"1:114: property "enable.auto.commit" is set by scrubjay, so that nothing is lost (remove it)"#,
            r#"1:169: "a b" is no name of a librdkafka setting (names are like "security.protocol")"#,
            r#"1:184: property "x.y" of source "in" must be text, a number, a switch or {file: PATH}, found a list (write one value)"#,
            r#"1:214: the secret file {dir}/nope cannot be read: No such file or directory (os error 2) (give the path of a file that scrubjay may read)"#,
            r#"1:236: property "sasl.username" of source "in" has no field "file" (write {file: PATH})"#,
            r#"1:237: unknown field "fil" in property "sasl.username" of source "in" (did you mean "file"?)"#,
            r#"1:92: warning: property "sasl.password" of source "in" is written into the pipeline file (keep it in a file of mode 0600 and write {file: PATH})"#,
        ],
    );
    check(
        r#"
sources: {in: {type: stdin}}
sinks: {out: {type: kafka, brokers: b, topic: t, properties: {acks: 0, compression.type: gzip, bootstrap.servers: x}}}
pipelines: [{from: in, to: out}]
"#,
        &[
            r#"2:63: property "acks" is set by scrubjay, so that nothing is lost (remove it)"#,
            r#"2:72: property "compression.type" has a field of its own (write it as "compression")"#,
            r#"2:96: property "bootstrap.servers" has a field of its own (write it as "brokers")"#,
        ],
    );
    check(
        r#"
sources: {in: {type: stdin}}
sinks: {out: {type: kafka, brokers: b, topic: t, properties: [a]}}
pipelines: [{from: in, to: out}]
"#,
        &[r#"2:62: "properties" of sink "out" must be a mapping, found a list (write fields as `name: value`)"#],
    );
    check(
        r#"
sources: {in: {type: stdin}}
sinks: {out: {type: kafka, brokers: b, topic: t, properties: {sasl.password: {file: open.key}, ssl.key.password: {file: lines.key}, x.secret: {file: good.key}}}}
pipelines: [{from: in, to: out}]
"#,
        &[
            r#"2:85: the secret file {dir}/open.key has mode 0644, it must be 0600 (chmod 600 {dir}/open.key)"#,
            r#"2:121: the secret file {dir}/lines.key must hold one line (write the value alone into it)"#,
        ],
    );
    check(
        r#"
sources: {in: {type: kafka, brokers: ["", ":9092", "a:0", "a b"], topics: ["^t.*", "a b", t, t], group: 5}}
sinks: {out: {type: stdout}}
pipelines: [{from: in, to: out}]
"#,
        &[
            r#"1:39: each of "brokers" of source "in" is empty (give it a value, or remove the field)"#,
            r#"1:43: ":9092" is no address of a broker (write host:port, such as 127.0.0.1:9092)"#,
            r#"1:52: "a:0" is no address of a broker (write host:port, such as 127.0.0.1:9092)"#,
            r#"1:59: "a b" is no address of a broker (write host:port, such as 127.0.0.1:9092)"#,
            r#"1:76: topic "^t.*" is a pattern (patterns of topics are not in this version: list the topics)"#,
            r#"1:84: "a b" cannot be the name of a topic (a name is 1 to 249 letters, digits, ".", "_" or "-")"#,
            r#"1:94: source "in" names topic "t" twice (keep one of them)"#,
            r#"1:105: "group" of source "in" must be text, found the number 5 (put it in quotes if it is meant as text)"#,
        ],
    );
}

#[test]
fn several_at_once() {
    check(
        r#"
version: 3
sources:
  app: {type: file, inclde: [a], start: middle}
sinks:
  clean:
    type: file
    pth: x
pipelines:
  - {from: [ap], to: [clean], delivery: exactly-once}
"#,
        &[
            r#"1:10: this version of the pipeline file is not known (write version: 1)"#,
            r#"3:8: source "app" has no field "include" (name the files to read, such as include: ["logs/*.log"])"#,
            r#"3:21: unknown field "inclde" in source "app" (did you mean "include"?)"#,
            r#"3:41: "start" of source "app" cannot be "middle" (it can be beginning, end)"#,
            r#"6:5: sink "clean" has no field "path" (name the file to write, such as path: out/clean.log)"#,
            r#"7:5: unknown field "pth" in sink "clean" (did you mean "path"?)"#,
            r#"9:13: there is no source "ap" (did you mean "app"?)"#,
            r#"9:41: exactly-once delivery is not in this version: after a crash some records may come twice, none is lost (write at-least-once, or remove the field)"#,
        ],
    );
}

#[test]
fn a_control_character_in_a_name_is_not_shown_in_a_proposal() {
    check(
        "sources: {\"t\\topic\": {type: stdin}}\nsinks: {out: {type: stdout}}\npipelines: [{from: topic, to: out}]\n",
        &[
            r#"1:11: "t\topic" cannot be the name of a source (a name is 1 to 64 letters, digits, "_" or "-")"#,
            r#"3:20: there is no source "topic" (did you mean "t\topic"?)"#,
        ],
    );
}

#[test]
fn numbers_of_threads() {
    for (threads, said) in [
        ("0", "is out of range: 0"),
        ("257", "is out of range: 257"),
        ("-1", "is negative: -1"),
        ("many", "must be a whole number, found \"many\""),
    ] {
        check(
            &format!(
                "\nsources: {{in: {{type: stdin}}}}\nsinks: {{out: {{type: stdout}}}}\npipelines: [{{from: in, to: out}}]\nthreads: {threads}\n"
            ),
            &[&format!("4:10: \"threads\" of the pipeline file {said} (write a whole number from 1 to 256)")],
        );
    }
}
