//! A real Apache Kafka for tests: one KRaft node, in its own folder, on free ports, always taken down.
//!
//! `tests/install-kafka.sh` fetches the jars once. `tests/run` starts one broker for the whole run and names it in
//! `SCRUBJAY_TEST_KAFKA`; [`KafkaCluster::shared`] takes that one, or starts one for the process. Tests that break the
//! broker start their own with [`KafkaCluster::start`]. Everything here panics with a reason: it is test code.

mod client;

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use tempfile::TempDir;

pub use client::Record;

/// The version that `tests/kafka/pom.xml` names.
const VERSION: &str = "4.3.1";
/// Longest start on a busy machine.
const START_MAX: Duration = Duration::from_secs(120);
/// Longest orderly stop before the process is killed.
const STOP_MAX: Duration = Duration::from_secs(30);
/// Below the range from which Linux takes outgoing ports, so that nobody else picks one by accident.
const PORTS: std::ops::Range<u16> = 21000..32000;

/// Runs java as its child and kills it when the pipe on standard input closes, which the kernel does however the test
/// process ends. A parent-death signal would not do: it fires when the *thread* that started the child ends.
const WATCHDOG: &str = r#"
log=$1; data=$2; shift 2
"$@" >>"$log" 2>&1 </dev/null &
java=$!
echo "$java"
exec 3<&0
( read -r _ <&3; : >"$data/orphan"; kill -KILL "$java" ) >/dev/null 2>&1 &
watch=$!
exec 3<&- >/dev/null 2>&1
wait "$java"
kill -KILL "$watch"
[ -e "$data/orphan" ] && rm -rf "$data"
exit 0
"#;

/// One broker. Dropping it kills the broker and removes its data, unless it belongs to `tests/run`.
pub struct KafkaCluster {
    bootstrap: String,
    own: Option<Own>,
}

struct Own {
    dir: TempDir,
    ports: (u16, u16),
    running: Option<Running>,
}

struct Running {
    shell: Child,
    java: Pid,
    _lifeline: ChildStdin,
}

impl KafkaCluster {
    /// Starts a broker of this test's own and waits until it serves requests.
    ///
    /// # Panics
    /// When the jars are not installed or the broker does not come up.
    #[must_use]
    pub fn start() -> Self {
        let mut last = String::new();
        for _ in 0..3 {
            let ports = (free_port(), free_port());
            let dir = tempfile::Builder::new().prefix("scrubjay-kafka-").tempdir().expect("a temporary folder");
            copy_folder(&install().join("formatted"), &dir.path().join("data"));
            write_config(dir.path(), ports);
            let mut own = Own { dir, ports, running: None };
            match own.launch() {
                Ok(()) => return Self { bootstrap: format!("127.0.0.1:{}", ports.0), own: Some(own) },
                Err(why) => last = why,
            }
        }
        panic!("Kafka did not start in three tries: {last}");
    }

    /// The broker of this test run: that of `SCRUBJAY_TEST_KAFKA`, or one for this process, started at the first call.
    /// Use [`Self::topic`] for topic names: others use the same broker.
    ///
    /// # Panics
    /// As [`Self::start`].
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<KafkaCluster> = OnceLock::new();
        SHARED.get_or_init(|| match std::env::var("SCRUBJAY_TEST_KAFKA") {
            Ok(bootstrap) if !bootstrap.is_empty() => Self { bootstrap, own: None },
            // Statics are never dropped: the watchdog ends this broker when the process ends.
            _ => Self::start(),
        })
    }

    /// `host:port` of the broker.
    #[must_use]
    pub fn bootstrap(&self) -> &str {
        &self.bootstrap
    }

    /// A topic or group name that nobody else in this test run uses.
    #[must_use]
    pub fn unique(prefix: &str) -> String {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(0, |d| d.as_micros());
        format!("{prefix}-{}-{}-{since}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed))
    }

    /// Kills the broker as a power cut would (SIGKILL).
    ///
    /// # Panics
    /// When the broker is not this test's own, or is not running.
    pub fn kill(&mut self) {
        let running = self.own("kill").running.take().expect("the broker is running");
        running.end(Signal::KILL);
    }

    /// Stops the broker in an orderly way (SIGTERM).
    ///
    /// # Panics
    /// When the broker is not this test's own, or is not running.
    pub fn stop(&mut self) {
        let running = self.own("stop").running.take().expect("the broker is running");
        running.end(Signal::TERM);
    }

    /// Starts the broker again on the same data and ports.
    ///
    /// # Panics
    /// When the broker is not this test's own, is running, or does not come up.
    pub fn restart(&mut self) {
        let own = self.own("restart");
        assert!(own.running.is_none(), "kill or stop the broker first");
        own.launch().unwrap_or_else(|why| panic!("Kafka did not come up again: {why}"));
    }

    /// Everything below the broker's folder (data, log), for leak scans. `None` for a broker of `tests/run`.
    #[must_use]
    pub fn folder(&self) -> Option<&Path> {
        self.own.as_ref().map(|own| own.dir.path())
    }

    fn own(&mut self, verb: &str) -> &mut Own {
        self.own.as_mut().unwrap_or_else(|| panic!("cannot {verb} a broker that is shared: use KafkaCluster::start()"))
    }
}

impl Own {
    fn launch(&mut self) -> Result<(), String> {
        let log = self.dir.path().join("broker.log");
        // Each start writes a log of its own, or "started" of the last one would count for this one.
        File::create(&log).map_err(|e| format!("{}: {e}", log.display()))?;
        let mut running = Running::spawn(&log, self.dir.path());
        let deadline = Instant::now() + START_MAX;
        loop {
            let text = fs::read_to_string(&log).unwrap_or_default();
            if text.contains("Kafka Server started") && client::reachable(&format!("127.0.0.1:{}", self.ports.0)) {
                self.running = Some(running);
                return Ok(());
            }
            if running.shell.try_wait().is_ok_and(|status| status.is_some()) || Instant::now() > deadline {
                running.end(Signal::KILL);
                let lines: Vec<&str> = text.lines().collect();
                return Err(lines[lines.len().saturating_sub(30)..].join("\n"));
            }
            thread::sleep(Duration::from_millis(50));
        }
    }
}

impl Drop for Own {
    fn drop(&mut self) {
        if let Some(running) = self.running.take() {
            running.end(Signal::KILL);
        }
    }
}

impl Running {
    fn spawn(log: &Path, dir: &Path) -> Self {
        use std::os::unix::process::CommandExt;
        let install = install();
        let mut command = Command::new("sh");
        command.args(["-c", WATCHDOG, "scrubjay-kafka-watchdog"]).arg(log).arg(dir);
        command.args(["java", "-Xms192m", "-Xmx384m", "-XX:+UseSerialGC", "-Xshare:auto"]);
        let archive = install.join("kafka.jsa");
        if archive.exists() {
            command.arg(format!("-XX:SharedArchiveFile={}", archive.display()));
        }
        command
            .arg(format!("-Dlog4j2.configurationFile=file:{}/log4j2.properties", install.display()))
            .arg("-cp")
            .arg(class_path(&install))
            .arg("kafka.Kafka")
            .arg(dir.join("server.properties"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .process_group(0);
        let mut shell = command.spawn().expect("sh starts");
        let lifeline = shell.stdin.take().expect("standard input is a pipe");
        let mut line = String::new();
        BufReader::new(shell.stdout.take().expect("standard output is a pipe")).read_line(&mut line).expect("the watchdog names its child");
        let java = line.trim().parse().ok().and_then(Pid::from_raw).expect("the watchdog prints a process id");
        Self { shell, java, _lifeline: lifeline }
    }

    /// Ends java and then the watchdog, and waits for both. The java process is the shell's child and not reaped while
    /// the shell runs, so its id cannot belong to anyone else.
    fn end(mut self, signal: Signal) {
        let alive = |shell: &mut Child| shell.try_wait().is_ok_and(|status| status.is_none());
        if alive(&mut self.shell) {
            let _ = kill_process(self.java, signal);
        }
        let deadline = Instant::now() + STOP_MAX;
        while alive(&mut self.shell) {
            if Instant::now() > deadline {
                let _ = kill_process_group(Pid::from_child(&self.shell), Signal::KILL);
            }
            thread::sleep(Duration::from_millis(10));
        }
    }
}

fn install() -> PathBuf {
    let cache = std::env::var_os("SCRUBJAY_TEST_CACHE").map_or_else(
        || PathBuf::from(std::env::var_os("HOME").unwrap_or_else(|| "/root".into())).join(".cache/scrubjay-tests"),
        PathBuf::from,
    );
    let install = cache.join(format!("kafka-{VERSION}"));
    assert!(
        install.join("complete").exists(),
        "no Kafka for tests in {}: run tests/install-kafka.sh (or tests/run, which does)",
        install.display()
    );
    install
}

/// The jars by name, sorted: a class-data archive is only valid for the class path that it was made with.
fn class_path(install: &Path) -> String {
    let mut jars: Vec<String> = fs::read_dir(install.join("jars"))
        .expect("the folder of jars")
        .map(|entry| entry.expect("an entry").path().display().to_string())
        .collect();
    jars.sort();
    jars.join(":")
}

fn write_config(dir: &Path, (broker, controller): (u16, u16)) {
    let text = format!(
        "process.roles=broker,controller\nnode.id=1\n\
         controller.quorum.voters=1@127.0.0.1:{controller}\n\
         listeners=PLAINTEXT://127.0.0.1:{broker},CONTROLLER://127.0.0.1:{controller}\n\
         advertised.listeners=PLAINTEXT://127.0.0.1:{broker}\n\
         listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT\n\
         controller.listener.names=CONTROLLER\n\
         log.dirs={data}\n\
         num.partitions=1\nauto.create.topics.enable=false\n\
         offsets.topic.num.partitions=4\noffsets.topic.replication.factor=1\n\
         transaction.state.log.num.partitions=4\ntransaction.state.log.replication.factor=1\ntransaction.state.log.min.isr=1\n\
         share.coordinator.state.topic.num.partitions=4\nshare.coordinator.state.topic.replication.factor=1\nshare.coordinator.state.topic.min.isr=1\n\
         group.initial.rebalance.delay.ms=0\ngroup.min.session.timeout.ms=1000\n\
         log.cleaner.dedupe.buffer.size=4194304\n\
         broker.session.timeout.ms=2000\nbroker.heartbeat.interval.ms=500\n\
         num.network.threads=2\nnum.io.threads=4\n",
        data = dir.join("data").display(),
    );
    fs::write(dir.join("server.properties"), text).expect("server.properties");
}

fn free_port() -> u16 {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let span = u32::from(PORTS.end - PORTS.start);
    loop {
        // Starts at a place of this process's own, so that test binaries do not race for the same port.
        let step = NEXT.fetch_add(1, Ordering::Relaxed);
        let port = PORTS.start + u16::try_from((std::process::id().wrapping_mul(7919).wrapping_add(step)) % span).expect("below the span");
        if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return port;
        }
    }
}

fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder for the data");
    for entry in fs::read_dir(from).expect("the formatted folder") {
        let entry = entry.expect("an entry");
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy_folder(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).expect("a copy");
        }
    }
}
