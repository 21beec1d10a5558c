//! What comes out of a file that is right.

use std::path::Path;
use std::time::Duration;

use super::super::plan::{KafkaCompression, LimitsPlan, RotatePlan};
use super::super::{Compression, FileSinkPlan, Plan, SinkPlan, SourcePlan, Start};
use super::{WHOLE, folder, load, load_str};
use scrubjay_yaml as units;

#[test]
fn every_file_in_pipelines_loads() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("pipelines");
    let files: Vec<_> = glob::glob(root.join("*.yaml").to_str().unwrap()).unwrap().map(Result::unwrap).collect();
    assert!(files.len() >= 3, "{files:?}");
    for file in files {
        let plan = load(&file).unwrap_or_else(|mistakes| panic!("{mistakes}"));
        assert!(plan.warnings.is_empty(), "{plan}");
    }
}

fn plan(yaml: &str) -> Plan {
    load_str(yaml, Path::new("/base/p.yaml")).unwrap_or_else(|mistakes| panic!("{mistakes}"))
}

#[test]
fn defaults() {
    let plan = plan(
        "sources: {f: {type: file, include: a.log}, k: {type: kafka, brokers: b, topics: t, group: g}}\n\
         sinks: {o: {type: file, path: o.log}, p: {type: kafka, brokers: b, topic: u}}\n\
         pipelines: [{from: [f, k], to: [o, p]}]\n",
    );
    assert_eq!(plan.state_dir, Path::new("/base/state"));
    assert_eq!((plan.fingerprint_key.as_deref(), plan.threads), (None, None));
    assert_eq!(
        plan.limits,
        LimitsPlan { token_bytes_max: 65_536, line_bytes_max: 1 << 20, budget_bytes_max: 64 << 20, marker_bytes_max: 16_384 }
    );
    let [pipeline] = plan.pipelines.as_slice() else { panic!("{plan}") };
    let [SourcePlan::File(file), SourcePlan::Kafka(kafka)] = [&pipeline.from[0].plan, &pipeline.from[1].plan] else { panic!("{plan}") };
    assert_eq!((file.start, file.poll_interval), (Start::Beginning, Duration::from_millis(250)));
    assert_eq!(file.include, ["/base/a.log"]);
    assert_eq!(kafka.start, Start::Beginning);
    let [SinkPlan::File(file), SinkPlan::Kafka(kafka)] = [&pipeline.to[0].plan, &pipeline.to[1].plan] else { panic!("{plan}") };
    let FileSinkPlan { path, compression, level, rotate } = file;
    assert_eq!((path.as_path(), *compression, *level, *rotate), (Path::new("/base/o.log"), Compression::None, None, None));
    assert_eq!((kafka.topic.as_str(), kafka.compression), ("u", KafkaCompression::None));
}

#[test]
fn every_field() {
    let plan = plan(WHOLE);
    assert_eq!(plan.threads, Some(3));
    let [first, second] = plan.pipelines.as_slice() else { panic!("{plan}") };
    let names = |p: &super::super::PipelinePlan| {
        let from: Vec<_> = p.from.iter().map(|s| s.name.clone()).collect();
        let to: Vec<_> = p.to.iter().map(|s| s.name.clone()).collect();
        (from.join(" "), to.join(" "))
    };
    assert_eq!(names(first), ("app topic".to_owned(), "clean out".to_owned()));
    assert_eq!(names(second), ("pipe".to_owned(), "show".to_owned()));
    let [SourcePlan::File(file), SourcePlan::Kafka(kafka)] = [&first.from[0].plan, &first.from[1].plan] else { panic!("{plan}") };
    assert_eq!(file.include, ["/base/logs/*.log", "/base/x/**/y"]);
    assert_eq!(file.exclude, ["/**/*.gz"]);
    assert_eq!((file.start, file.poll_interval), (Start::End, Duration::from_secs(1)));
    assert_eq!(kafka.brokers, ["a:9092", "b"]);
    assert_eq!((kafka.group.as_str(), kafka.start), ("g", Start::End));
    assert_eq!((kafka.properties[0].name.as_str(), kafka.properties[0].value.expose()), ("sasl.password", "x"));
    let [SinkPlan::File(file), SinkPlan::Kafka(kafka)] = [&first.to[0].plan, &first.to[1].plan] else { panic!("{plan}") };
    let rotate = RotatePlan { bytes_max: Some(10_000_000), age_max: Some(Duration::from_secs(86_400)), keep: Some(7) };
    assert_eq!((file.compression, file.level, file.rotate), (Compression::Zstd, Some(3), Some(rotate)));
    assert_eq!((kafka.compression.word(), kafka.properties[0].value.expose()), ("lz4", "5"));
}

#[test]
fn the_plan_for_people() {
    let plan = plan(WHOLE);
    let rules = plan.rules.rules().len();
    assert!(rules > 50, "{rules} rules");
    assert_eq!(
        plan.to_string(),
        r#"/base/p.yaml: no mistakes

pipeline 1 (at-least-once)
  reads   app: files /base/logs/*.log, /base/x/**/y without /**/*.gz, from the end, every 1s
  reads   topic: Kafka topics raw at a:9092, b, group g, from the end, properties sasl.password
  writes  clean: file /base/out/clean.log, zstd level 3, a new one after 10000000B or 1d, 7 kept
  writes  out: Kafka topic clean at a, lz4, properties linger.ms

pipeline 2 (at-least-once)
  reads   pipe: standard input
  writes  show: standard output

state     /base/state
keys      fingerprint: made for each run (fingerprints of two runs cannot be compared)
policy    the safe default
rules     RULES for other credentials
threads   3
limits    token 64KiB, line 1MiB, budget 64MiB, marker 16KiB

/base/p.yaml:7:118: warning: property "sasl.password" of source "topic" is written into the pipeline file (keep it in a file of mode 0600 and write {file: PATH})
"#
        .replace("RULES", &rules.to_string())
    );
}

#[test]
fn secrets_are_read_but_never_shown() {
    let dir = folder();
    let yaml = "sources: {in: {type: stdin}}\n\
                sinks: {out: {type: kafka, brokers: b, topic: t, properties: {sasl.password: hunter2, ssl.key.password: {file: good.key}, ssl.ca.location: ca.pem}}}\n\
                pipelines: [{from: in, to: out}]\n\
                keys: {fingerprint: good.key}\n";
    let path = dir.path().canonicalize().unwrap().join("p.yaml");
    let plan = load_str(yaml, &path).unwrap_or_else(|mistakes| panic!("{mistakes}"));
    let SinkPlan::Kafka(kafka) = &plan.pipelines[0].to[0].plan else { panic!("{plan}") };
    let values: Vec<_> = kafka.properties.iter().map(|p| (p.name.as_str(), p.value.expose().to_owned())).collect();
    let ca = path.with_file_name("ca.pem").display().to_string();
    assert_eq!(values, [("sasl.password", "hunter2".to_owned()), ("ssl.key.password", "k".repeat(32)), ("ssl.ca.location", ca)]);
    assert_eq!(plan.fingerprint_key, Some(path.with_file_name("good.key")));
    for shown in [format!("{plan:?}"), format!("{plan:#?}"), plan.to_string()] {
        assert!(!shown.contains("hunter2") && !shown.contains("kkkk"), "{shown}");
        assert!(shown.contains("sasl.password"), "{shown}");
    }
    // Nor in what is said about a file that is wrong elsewhere, or wrong at the secret itself.
    for wrong in ["zzz: 1\n", "limits: hunter2\n", "keys: {fingerprint: 1}\n"] {
        let said = load_str(&format!("{yaml}{wrong}"), &path).unwrap_err();
        assert!(!said.to_string().contains("hunter2") && !format!("{said:?}").contains("hunter2"), "{said}");
    }
    let said = load_str(&yaml.replace("hunter2", "\"hunter2\\n\""), &path).unwrap_err().to_string();
    assert!(said.contains("contains a control character") && !said.contains("hunter2"), "{said}");
}

#[test]
fn paths_are_relative_to_the_file() {
    let dir = tempfile::tempdir().unwrap();
    let real = dir.path().canonicalize().unwrap();
    let odd = real.join("a[1]*");
    std::fs::create_dir(&odd).unwrap();
    std::fs::create_dir(real.join("logs")).unwrap();
    std::fs::write(odd.join("x.log"), "x\n").unwrap();
    let yaml = "sources: {in: {type: file, include: [\"*.log\", \"./../logs/*.log\", /var/log/x], exclude: [sub/*.log]}}\n\
                sinks: {out: {type: file, path: ../out/./clean.log}}\n\
                pipelines: [{from: in, to: out}]\n\
                state_dir: ../../state\n";
    let plan = load_str(yaml, &odd.join("p.yaml")).unwrap_or_else(|mistakes| panic!("{mistakes}"));
    let SourcePlan::File(file) = &plan.pipelines[0].from[0].plan else { panic!("{plan}") };
    let base = glob::Pattern::escape(odd.to_str().unwrap());
    assert_eq!(file.include, [format!("{base}/*.log"), format!("{}/logs/*.log", real.display()), "/var/log/x".to_owned()]);
    assert_eq!(file.exclude, [format!("{base}/sub/*.log")]);
    let found: Vec<_> = glob::glob(&file.include[0]).unwrap().map(Result::unwrap).collect();
    assert_eq!(found, [odd.join("x.log")], "the folder's own name is no pattern");
    assert_eq!(plan.state_dir, real.parent().unwrap().join("state"));
    let SinkPlan::File(file) = &plan.pipelines[0].to[0].plan else { panic!("{plan}") };
    assert_eq!(file.path, real.join("out/clean.log"));
}

#[test]
fn a_loop_in_a_folder_with_an_odd_name_is_found() {
    let dir = tempfile::tempdir().unwrap();
    let odd = dir.path().join("a[1]*");
    std::fs::create_dir(&odd).unwrap();
    let yaml =
        "sources: {in: {type: file, include: \"*.log\"}}\nsinks: {out: {type: file, path: o.log}}\npipelines: [{from: in, to: out}]\n";
    let said = load_str(yaml, &odd.join("p.yaml")).unwrap_err().to_string();
    assert!(said.contains(":2:33: sink \"out\" writes a file that source \"in\" reads"), "{said}");
}

#[test]
fn sizes_and_durations() {
    let sizes = [("1", 1), ("512B", 512), ("64KiB", 65_536), ("64 KiB", 65_536), ("10MB", 10_000_000), ("2GiB", 2 << 30), ("1kB", 1000)];
    for (text, bytes) in sizes {
        assert_eq!(units::size(text), Some(bytes), "{text}");
    }
    for text in
        ["", "KiB", "-1", "1.5MB", "1k", "1 k", "1mb", "1KiB ", " 1", "18446744073709551616", "18446744073709551615TB", "1_000", "٣"]
    {
        assert_eq!(units::size(text), None, "{text}");
    }
    let durations = [("250ms", 250), ("5s", 5000), ("15m", 900_000), ("1h", 3_600_000), ("7d", 604_800_000), ("5 s", 5000)];
    for (text, millis) in durations {
        assert_eq!(units::duration(text), Some(Duration::from_millis(millis)), "{text}");
    }
    for text in ["", "5", "s", "1h30m", "5S", "-5s", "5sec", "18446744073709551615d"] {
        assert_eq!(units::duration(text), None, "{text}");
    }
}
