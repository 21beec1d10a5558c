//! x
use std::collections::BTreeMap;
fn main() {
    let pack = scrubjay_rules::RulePack::builtin();
    let text = std::fs::read(std::env::args().nth(1).unwrap()).unwrap();
    let mut cands = Vec::new();
    let mut by: BTreeMap<Vec<u8>, usize> = BTreeMap::new();
    for b in text.chunks(65536) { cands.clear(); pack.diag_needles().candidates(b, &mut cands); for c in &cands { *by.entry(b[*c..b.len().min(c+4)].to_vec()).or_default() += 1; } }
    let mut v: Vec<_> = by.into_iter().collect(); v.sort_by_key(|x| std::cmp::Reverse(x.1));
    let total: usize = v.iter().map(|x| x.1).sum();
    println!("{total} {}", v.len());
    for (k, n) in v.iter().take(60) { print!("{:?}={} ", String::from_utf8_lossy(k), n * 1000 / total); }
    println!();
    println!("{:?}", pack.diag_chosen());
}
