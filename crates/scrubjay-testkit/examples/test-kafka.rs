//! One broker for a whole test run: prints `host:port` and serves until its standard input closes (`tests/run`).

use std::io::{Read, Write};

use scrubjay_testkit::kafka::KafkaCluster;

fn main() {
    let cluster = KafkaCluster::start();
    println!("{}", cluster.bootstrap());
    std::io::stdout().flush().expect("standard output takes the address");
    let mut rest = Vec::new();
    let _ = std::io::stdin().read_to_end(&mut rest);
}
