use std::io::Read;
fn main() {
    let mut t = Vec::new();
    std::io::stdin().read_to_end(&mut t).unwrap();
    let mut runs = Vec::new();
    scrubjay_scan::Scanner::new().scan_complete(&t, &mut runs);
    let (mut w, mut l, mut pw, mut pl) = (0, 0, 0, 0);
    let mut bytes = 0;
    for r in &runs {
        match r.kind {
            scrubjay_scan::RunKind::Word => {
                w += 1;
                bytes += r.end - r.start;
                if scrubjay_token::may_hold(&t, r.start..r.end) {
                    pw += 1;
                    println!("W {}", String::from_utf8_lossy(&t[r.start..r.end.min(r.start + 300)]));
                }
            }
            scrubjay_scan::RunKind::List => {
                l += 1;
                if scrubjay_token::may_list(&t, r.start..r.end) {
                    pl += 1;
                    println!("L {}", String::from_utf8_lossy(&t[r.start..r.end.min(r.start + 300)]));
                }
            }
        }
    }
    eprintln!("{} bytes, word runs {w} ({bytes} bytes), pass {pw}; list runs {l}, pass {pl}", t.len());
}
