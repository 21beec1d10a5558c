//! The identity provider comes up, gives tokens that differ each time, and is gone with its fixture.

use std::collections::HashSet;
use std::net::TcpStream;
use std::time::{Duration, Instant};

use scrubjay_testkit::oidc::IdentityProvider;

#[test]
fn it_comes_gives_and_goes() {
    let (one, other) = (IdentityProvider::start(), IdentityProvider::start());
    assert_ne!(one.issuer(), other.issuer());
    let address = one.issuer().strip_prefix("http://").expect("a URL").to_owned();
    assert!(TcpStream::connect(&address).is_ok());

    let tokens: Vec<_> = one.tokens().into_iter().chain(one.tokens()).collect();
    let names: HashSet<&str> = tokens.iter().map(|t| t.name.as_str()).collect();
    assert_eq!(names.len() * 2, tokens.len(), "each flow twice");
    let distinct: HashSet<&str> = tokens.iter().filter(|t| t.name != "id-refreshed").map(|t| t.token.as_str()).collect();
    assert_eq!(distinct.len(), tokens.len() - 2, "and never the same token");
    assert!(tokens.iter().filter(|t| t.proven).all(|t| t.header["alg"].is_string() && t.claims.is_object()));
    // One that the clients opened shows what was inside.
    assert!(tokens.iter().filter_map(|t| t.inner.as_deref()).all(|inner| inner.starts_with("ey") && inner.split('.').count() == 3));

    let since = Instant::now();
    drop(one);
    assert!(since.elapsed() < Duration::from_secs(8), "it ends by itself when its standard input does");
    assert!(TcpStream::connect(&address).is_err(), "and its port is free");
}
