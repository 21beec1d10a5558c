use std::collections::BTreeMap;
use std::time::Instant;
fn main() {
    let t = Instant::now();
    let pack = scrubjay_rules::RulePack::builtin();
    println!("build {:?}", t.elapsed());
    for path in std::env::args().skip(1) {
        let text = std::fs::read(&path).unwrap();
        let mut cands = Vec::new();
        let mut best = [f64::MAX; 4]; let scanner = scrubjay_scan::Scanner::new(); let mut runs = Vec::new();
        let mut segs = vec![Vec::<f64>::new(); 4];
        let (mut nc, mut nk, mut work, mut nh) = (0, 0, 0, 0);
        let mut by: BTreeMap<String, usize> = BTreeMap::new();
        for round in 0..9 {
            let mut seg = |which: usize, best: &mut Vec<f64>, f: &mut dyn FnMut(&[u8])| { let _ = which; for (i, s) in text.chunks(256*1024).enumerate() { let t = Instant::now(); f(s); let e = t.elapsed().as_secs_f64(); if best.len() <= i { best.push(e) } else { best[i] = best[i].min(e) } } };
            let mut hits2 = Vec::new();
            seg(0, &mut segs[0], &mut |s| { runs.clear(); scanner.scan_complete(s, &mut runs); });
            seg(1, &mut segs[1], &mut |s| { for b in s.chunks(65536) { cands.clear(); pack.diag_needles().candidates(b, &mut cands); } });
            seg(2, &mut segs[2], &mut |s| { pack.diag_each(s, |_| ()); });
            seg(3, &mut segs[3], &mut |s| { hits2.clear(); pack.find(s, &mut hits2); });
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
        let sum = |i: usize| segs[i].iter().sum::<f64>(); println!("composite GB/s: scan {:.2} needles {:.2} keywords {:.2} find {:.2}; find/scan {:.2}", text.len() as f64/1e9/sum(0), text.len() as f64/1e9/sum(1), text.len() as f64/1e9/sum(2), text.len() as f64/1e9/sum(3), sum(3)/sum(0));
        let _ = best[3]; let gb = text.len() as f64 / 1e9;
        println!("{path}: needles {:.2} GB/s ({:.2}/KiB)  keywords {:.2} GB/s ({:.3}/KiB)  find {:.2} GB/s work/byte {:.3} hits {nh}",
            gb / best[0], nc as f64 * 1024.0 / text.len() as f64, gb / best[1], nk as f64 * 1024.0 / text.len() as f64, gb / best[2], work as f64 / text.len() as f64);
        let mut v: Vec<_> = by.into_iter().collect(); v.sort_by_key(|x| std::cmp::Reverse(x.1));
        println!("   {:?}", &v[..v.len().min(12)]);
    }
}
