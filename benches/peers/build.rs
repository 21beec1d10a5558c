//! Links Hyperscan, or Vectorscan, which has the same interface: `apt-get install libhyperscan-dev` or `libvectorscan-dev`.

fn main() {
    println!("cargo:rustc-link-lib=dylib=hs");
}
