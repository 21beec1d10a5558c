//! x
fn main() {
    let pack = scrubjay_rules::RulePack::builtin();
    let text = std::fs::read(std::env::args().nth(1).unwrap()).unwrap();
    let mut hits = Vec::new();
    for _ in 0..20 { for s in text.chunks(256 * 1024) { pack.find(s, &mut hits); } }
    println!("{}", hits.len());
}
