use std::collections::BTreeMap;
use std::time::Instant;
fn main() {
    let t = Instant::now();
    let pack = scrubjay_rules::RulePack::builtin();
    println!("build {:?}", t.elapsed());
    for path in std::env::args().skip(1) {
        let text = std::fs::read(&path).unwrap();
        let mut cands = Vec::new();
        let mut best = [f64::MAX; 3];
        let (mut nc, mut nk, mut work, mut nh) = (0, 0, 0, 0);
        let mut by: BTreeMap<String, usize> = BTreeMap::new();
        for round in 0..7 {
            let t = Instant::now();
            nc = 0;
            for b in text.chunks(65536) { cands.clear(); pack.diag_needles().candidates(b, &mut cands); nc += cands.len(); }
            best[0] = best[0].min(t.elapsed().as_secs_f64());
            let t = Instant::now();
            nk = 0;
            pack.diag_each(&text, |k| { nk += 1; if round == 0 { *by.entry(k.to_owned()).or_default() += 1; } });
            best[1] = best[1].min(t.elapsed().as_secs_f64());
            let t = Instant::now();
            let mut hits = Vec::new();
            work = pack.find_counted(&text, &mut hits);
            nh = hits.len();
            best[2] = best[2].min(t.elapsed().as_secs_f64());
        }
        let gb = text.len() as f64 / 1e9;
        println!("{path}: needles {:.2} GB/s ({:.2}/KiB)  keywords {:.2} GB/s ({:.3}/KiB)  find {:.2} GB/s work/byte {:.3} hits {nh}",
            gb / best[0], nc as f64 * 1024.0 / text.len() as f64, gb / best[1], nk as f64 * 1024.0 / text.len() as f64, gb / best[2], work as f64 / text.len() as f64);
        let mut v: Vec<_> = by.into_iter().collect(); v.sort_by_key(|x| std::cmp::Reverse(x.1));
        println!("   {:?}", &v[..v.len().min(12)]);
    }
}
