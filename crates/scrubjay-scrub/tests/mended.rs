//! What once got past or took its neighbours along, by what broke: each class with tokens of several forms.

mod support;

use scrubjay_scrub::Limits;
use scrubjay_testkit::leak::leaks;
use scrubjay_testkit::random::Random;
use scrubjay_testkit::tokens::{Form, Token, base64};
use support::{AFTER, BEFORE, cases, check_forms, check_same, first_seed, shown, whole};

#[track_caller]
fn check(forms: &[Form], write: impl Fn(&mut Random, &Token) -> String) {
    check_forms(8, 31, forms, write);
}

const COMPACT: [Form; 6] = [Form::Jws, Form::JwsNone, Form::JwsDetached, Form::Jwe, Form::JweDirect, Form::SdJwt];
const SIGNED: [Form; 2] = [Form::Jws, Form::JwsNested];

fn wrapped(text: &str, width: usize, between: &str) -> String {
    let lines: Vec<&str> = text.as_bytes().chunks(width).map(|c| std::str::from_utf8(c).unwrap_or("")).collect();
    lines.join(between)
}

#[test]
fn wrapped_at_any_width() {
    check(&COMPACT, |r, t| format!("token: {}", wrapped(&t.text, r.between(60, 120), "\n")));
    check(&COMPACT, |r, t| format!("  token: >-\n      {}\n  next: 1", wrapped(&t.text, r.between(60, 120), "\n      ")));
}

/// A width from `least` on that is smaller than those which tell by themselves. What does not begin with the brace of its header is
/// seen from 47 bytes on.
fn small_width(r: &mut Random, t: &Token, least: usize) -> usize {
    r.between(if t.text.starts_with('e') { least } else { least.max(48) }, 59)
}

/// The same, over at least two full lines. A shorter token has one line.
fn full_width(r: &mut Random, t: &Token) -> usize {
    let width = small_width(r, t, 40);
    if width * 2 <= t.text.len() { width } else { t.text.len() }
}

/// A constant width over at least two full lines is proof: raw, with the line ends of Windows, behind equal beginnings.
#[test]
fn wrapped_at_a_small_width() {
    for end in ["\n", "\r\n", "\n    "] {
        check(&COMPACT, |r, t| wrapped(&t.text, full_width(r, t), end));
        check(&COMPACT, |r, t| format!("token: {}", wrapped(&t.text, full_width(r, t), end)));
    }
    let records: [fn(usize, &str) -> String; 6] = [
        |_, line| format!("> {line}"),
        |i, line| format!("{}:{line}", i + 9),
        |i, line| format!("2026-11-23 12:00:{:02} INFO {line}", i % 60),
        |i, line| format!("Nov 23 12:00:{:02} host app[17]: {line}", i % 60),
        |i, line| format!("2026-11-23T12:00:00.{i:09}Z stdout F {line}"),
        |i, line| format!(r#"{{"log":"{line}\n","stream":"stdout","time":"2026-11-23T12:00:00.{i:09}Z"}}"#),
    ];
    for record in records {
        check(&COMPACT, |r, t| {
            let lines = wrapped(&t.text, full_width(r, t), "\n");
            lines.lines().enumerate().map(|(i, line)| record(i, line)).collect::<Vec<_>>().join("\n")
        });
    }
}

/// Whoever ends a line in a token's beginning takes nothing of the lines of others, be they as long.
#[test]
fn lines_behind_a_cut_token_of_a_small_width_stay() {
    for seed in first_seed()..first_seed() + cases(8) {
        let token = Form::Jws.make(&mut Random::new(seed)).text;
        for cut in [40, 44, 48, 52, 57] {
            let record = "2026-11-23T12:00:00Z INFO the job of the day has been done, id=17, all is well";
            let (beginning, record) = (&token[..cut], &record[..cut]);
            let digest = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";
            for next in [record, &digest[..cut], "com.example.service.impl.ThingThatIsDone", "started"] {
                let document = format!("{BEFORE}{beginning}\n{next}\n{next}\n{AFTER}");
                let out = String::from_utf8(whole(Limits::default(), document.as_bytes())).unwrap();
                assert!(out.ends_with(&format!("\n{next}\n{next}\n{AFTER}")), "{out}");
            }
        }
    }
}

#[test]
fn the_last_line_of_a_wrap_is_closed_by_a_quote() {
    check(&COMPACT, |r, t| format!("{{\"jwt\":\"{}\",\"n\":1}}", wrapped(&t.text, r.between(60, 120), "\\n")));
    check(&COMPACT, |r, t| format!("{{\"jwt\":\"{}\",\"n\":1}}", wrapped(&t.text, r.between(60, 120), "\\r\\n\\t")));
}

#[test]
fn wrapped_before_the_percent_escapes_were_read() {
    let percent = |t: &Token| t.text.bytes().map(|b| format!("%{b:02x}")).collect::<String>();
    check(&SIGNED, |r, t| format!("{{\"jwt\":\"{}\"}}", wrapped(&percent(t), r.between(60, 120), "\\n")));
    check(&SIGNED, |_, t| format!("{{\"jwt\":\"{}\"}}", wrapped(&t.text.replace('.', "%25252E"), 76, "\\r\\n")));
}

#[test]
fn folded_headers() {
    check(&SIGNED, |r, t| {
        let at = r.between(t.text.len() / 3, t.text.len() / 2);
        format!("Authorization: Bearer {}\r\n {}\r\nAccept: */*\r", &t.text[..at], &t.text[at..])
    });
}

#[test]
fn quoted_mail() {
    check(&[Form::Jws, Form::Jwe], |r, t| format!("> token:\n> {}\n> bye", wrapped(&t.text, *r.pick(&[64, 70, 76]), "\n> ")));
}

#[test]
fn concatenated_with_the_operator_in_front() {
    check(&SIGNED, |r, t| format!("var t = \"{}\";", wrapped(&t.text, r.between(40, 100), "\"\n    + \"")));
    check(&SIGNED, |r, t| format!("t = (\"{}\")", wrapped(&t.text, r.between(40, 100), "\"\n     \"")));
}

#[test]
fn numbered_cookies() {
    check(&[Form::Jws, Form::Jwe, Form::JweDirect], |r, t| {
        let at = r.between(40, t.text.len() - 20);
        let (a, b) = t.text.split_at(at);
        match r.between(0, 2) {
            0 => format!("Cookie: a=1; __Secure-next-auth.session-token.0={a}; __Secure-next-auth.session-token.1={b}; b=2"),
            1 => format!("< Set-Cookie: AuthC1={a}; Path=/\n< Set-Cookie: AuthC2={b}; Path=/"),
            _ => format!("{{\"cookies\":{{\"_proxy_0\":\"{a}\",\"_proxy_1\":\"{b}\"}}}}"),
        }
    });
}

#[test]
fn syslog_messages_cut_at_their_size() {
    check(&SIGNED, |r, t| {
        let head = "<14>Nov 23 12:00:00 host app[17]: ";
        let filler = "x ".repeat((1024 - head.len() - r.between(60, t.text.len().min(900) - 20)) / 2);
        let record = format!("{filler}{} end", t.text);
        format!("{head}{}", wrapped(&record, 1024 - head.len(), &format!("\n{head}")))
    });
}

#[test]
fn keys_in_pieces() {
    let pem = |t: &Token| t.text.trim_end().replace("\r\n", "\n");
    check(&[Form::Pem], |_, t| {
        let head = "2026-11-23T12:00:00.123Z INFO [x] ";
        format!("{head}{}", pem(t).replace('\n', &format!("\n{head}")))
    });
    check(&[Form::Pem], |_, t| format!("KEY=\"{}\" n=1", pem(t).replace('\n', " ")));
    check(&[Form::Pem], |_, t| format!("k = \"{}\";", pem(t).replace('\n', "\\n\" +\n  \"")));
    check(&[Form::Pem], |_, t| {
        pem(t).replacen("-----\n", "-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,00112233445566778899AABBCCDDEEFF\n\n", 1)
    });
}

#[test]
fn keys_without_their_first_line() {
    for seed in 0..8 {
        let token = Form::Pem.make(&mut Random::new(seed));
        let body: Vec<&str> = token.text.trim_end().lines().skip(1).collect();
        let document = format!("{BEFORE}{}\n{AFTER}", body.join("\n"));
        let out = whole(Limits::default(), document.as_bytes());
        assert!(leaks(&out, &token.secrets, &[]).is_empty(), "{}", shown(&out));
        assert!(out.starts_with(BEFORE.as_bytes()) && out.ends_with(AFTER.as_bytes()));
    }
}

fn rows(text: &str, row: impl Fn(usize, &[u8]) -> String) -> String {
    text.as_bytes().chunks(16).enumerate().map(|(i, c)| format!("\n{}", row(i * 16, c))).collect()
}

fn hex(bytes: &[u8], between: &str) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect::<Vec<_>>().join(between)
}

#[test]
fn dumps_of_tcpdump_and_netty() {
    let pairs = |c: &[u8]| c.chunks(2).map(|p| hex(p, "")).collect::<Vec<_>>().join(" ");
    check(&SIGNED, |_, t| {
        format!("packet:{}", rows(&t.text, |at, c| format!("\t0x{at:04x}:  {:<39}  {}", pairs(c), String::from_utf8_lossy(c))))
    });
    check(&SIGNED, |_, t| {
        format!("read:{}", rows(&t.text, |at, c| format!("|{at:08x}| {:<47} |{:<16}|", hex(c, " "), String::from_utf8_lossy(c))))
    });
}

#[test]
fn bytes_with_hyphens_and_arrays_in_json() {
    check(&COMPACT, |_, t| format!("bytes={}", hex(t.text.as_bytes(), "-").to_uppercase()));
    check(&COMPACT, |_, t| {
        let list = t.text.bytes().map(|b| b.to_string()).collect::<Vec<_>>();
        format!("{{\"MESSAGE\":[{}],\"n\":1}}", list.join(","))
    });
    let token = Form::Jws.make(&mut Random::new(1));
    let list = token.text.bytes().map(|b| b.to_string()).collect::<Vec<_>>().join(",");
    let out = whole(Limits::default(), format!("{{\"m\":[{list}],\"n\":1}}\n").as_bytes());
    assert!(out.starts_with(b"{\"m\":[\"jwt(") && out.ends_with(b")\"],\"n\":1}\n"), "{}", shown(&out));
}

#[test]
fn entities_without_a_semicolon_and_entities_that_show_as_nothing() {
    check(&[Form::Jws], |_, t| {
        let (mut out, mut rest) = (String::new(), t.text.as_str());
        while let Some((a, b)) = rest.split_once('.') {
            out += a;
            out += if b.starts_with(|c: char| c.is_ascii_digit()) { "." } else { "&#46" };
            rest = b;
        }
        format!("<p>{out}{rest}</p>")
    });
    check(&[Form::Jws], |_, t| format!("<p>{}</p>", wrapped(&t.text, 20, "&shy;")));
    check(&[Form::Jws], |_, t| format!("<p>{}</p>", wrapped(&t.text, 20, "&#8203;")));
}

#[test]
fn dots_that_were_written_in_other_ways() {
    for dot in [" dot ", "(dot)", "[dot]", "{.}", "[.]", " . ", "<dot>"] {
        check(&[Form::Jws], |_, t| format!("token: {}", t.text.replace('.', dot)));
    }
    for mask in ["•••", "****************", "[PAYLOAD]"] {
        for seed in 0..4 {
            let token = Form::Jws.make(&mut Random::new(seed));
            let out = whole(Limits::default(), format!("t={}.{mask}.{} n=1\n", token.parts[0], token.parts[2]).as_bytes());
            assert!(leaks(&out, &token.secrets[1..], &[]).is_empty() && out.ends_with(b" n=1\n"), "{}", shown(&out));
        }
    }
}

#[test]
fn quoted_printable_of_json() {
    check(&[Form::JwkEc, Form::JsonJwsFlat, Form::JsonJweFlat], |_, t| wrapped(&t.text.replace('\n', "").replace('=', "=3D"), 75, "=\n"));
}

#[test]
fn objects_stand_between_the_frames_of_their_lines() {
    let token = Form::JsonJweGeneral.make(&mut Random::new(3));
    let text = token.text.replace('\n', "");
    let (a, b) = text.split_at(text.len() / 2);
    let head = "2026-11-23T12:00:00.123456789Z stdout ";
    let out = whole(Limits::default(), format!("{head}P x {a}\n{head}F {b} y\n").as_bytes());
    let out = String::from_utf8_lossy(&out).into_owned();
    assert!(out.starts_with(&format!("{head}P x ")) && out.contains(&format!("\n{head}F ")) && out.ends_with(" y\n"), "{out}");
}

#[test]
fn a_marker_is_utf16_only_in_utf16() {
    let token = Form::Jws.make(&mut Random::new(5));
    let escaped: String = token.text.chars().map(|c| format!("{c}\\u0000")).collect();
    let out = whole(Limits::default(), format!("{{\"t\":\"{escaped}\"}}\n").as_bytes());
    assert!(!out.contains(&0) && leaks(&out, &token.secrets, &token.claims).is_empty(), "{}", shown(&out));
}

#[test]
fn what_stands_beside_a_wrap_stays() {
    let base = base64("An image, say, of more than one line of base64 and no token at all in it.".repeat(9).as_bytes());
    for width in [60, 64, 76] {
        check_same(&format!("Content-Transfer-Encoding: base64\n\n{}\n--boundary-17--", wrapped(&base, width, "\n")));
        check_same(&format!("b={};\n  next", wrapped(&base, width, "\n\t ")));
    }
    // Views of one text commute: it used to be over the budget.
    check_same(&format!(
        "\tb=g+{};\n      \"integrity\": \"sha512-{}==\",\nGET /?etag=W%2F%22a%22",
        wrapped(&base, 72, "\n\t "),
        &base[..86]
    ));
    let token = Form::Jws.make(&mut Random::new(9)).text;
    for (text, stays) in [
        (format!("{{\n    \"jwt\": \"{token}\",\n    \"n\": 3\n}}"), "\n    \"n\": 3\n}"),
        (format!("dump: {}\n2026-11-23T12:00:00Z next\n", hex(token.as_bytes(), " ")), "\n2026-11-23T12:00:00Z next\n"),
        (format!("{token}...\nQUJDREVGR0hJSktMTU5P\n"), "\nQUJDREVGR0hJSktMTU5P\n"),
    ] {
        let out = whole(Limits::default(), text.as_bytes());
        assert!(String::from_utf8_lossy(&out).contains(stays), "{}", shown(&out));
    }
    let sdjwt = Form::SdJwt.make(&mut Random::new(9)).text;
    let out = whole(Limits::default(), format!("{}\nbye\n", wrapped(&sdjwt, 70, "\n")).as_bytes());
    assert!(out.ends_with(b"\nbye\n"), "{}", shown(&out));
}

/// A token over the limit was swallowed to the first byte that shows as nothing only.
#[test]
fn an_over_long_token_is_swallowed_over_what_shows_as_nothing() {
    for invisible in ["\u{200b}", "\u{ad}", "\u{1b}[0m", "\u{2060}\u{200d}"] {
        let payload = base64(format!("{{\"sub\":\"{}\"}}", "abcdefghij".repeat(14_000)).as_bytes());
        let header = base64(br#"{"alg":"HS256","typ":"JWT"}"#);
        let text = format!("{BEFORE}t={header}.{}{invisible}{}.{}\n{AFTER}", &payload[..5000], &payload[5000..], "A".repeat(43));
        let out = whole(Limits::default(), text.as_bytes());
        assert_eq!(String::from_utf8_lossy(&out), format!("{BEFORE}t=jwt(why:oversize)\n{AFTER}"), "{invisible:?}");
    }
}

/// A long line was cut between a credential and the keyword of the next one, which lay in it.
#[test]
fn a_long_line_is_cut_beside_credentials_that_run_into_each_other() {
    let mut r = Random::new(first_seed());
    for words in [1500, 1700, 1900, 2700] {
        let value: String = r.bytes(8000).iter().map(|b| format!("{b:02x}")).collect();
        let words = "lorem ipsum ".repeat(words);
        let text = format!("{words}client_secret=Kq7Zp2mX9vB4nT6wR1sY-access_token=\"{value}\" {words}{words}{words}\n");
        let out = String::from_utf8(whole(Limits::default(), text.as_bytes())).unwrap();
        assert!(!out.contains("Kq7Zp2mX9vB4nT6wR1sY") && !out.contains(&value[..16]), "{} bytes", text.len());
        assert!(out.starts_with(&words) && out.ends_with(&format!("{words}\n")));
    }
}

/// The second pass took the head of a marker for a part of the credential before it.
#[test]
fn what_is_glued_to_a_marker_leaves_it_whole() {
    for seed in first_seed()..first_seed() + cases(20) {
        let token = Form::Jws.make(&mut Random::new(seed)).text;
        for before in ["Bearer /a+B8bE+E5dc12", "client_secret=x9", "Authorization: Bearer a.b-"] {
            let once = whole(Limits::default(), format!("{before}{token} ok\n").as_bytes());
            let twice = whole(Limits::default(), &once);
            assert_eq!(shown(&twice), shown(&once), "seed {seed}");
        }
    }
}

/// A token in plain sight kept the lines around it from being looked at together.
#[test]
fn a_plain_token_beside_a_divided_one() {
    let plain = "eyJhbGciOiJub25lIn0.e30.";
    let payload = base64(br#"x{"sub":"alice@example.com","scope":"read"}"#);
    let payload = payload.trim_end_matches('=');
    let signature = "Zx9".repeat(14);
    for cut in [20, 40, payload.len() - 4] {
        let (a, b) = payload.split_at(cut);
        let frame = "2026-11-23T12:00:00.1Z stdout";
        for text in [
            format!("{frame} P {plain} {a}\n{frame} F {b}.{signature}Q {plain}\n"),
            format!(
                "{{\"log\":\"{plain} {a}\",\"stream\":\"stdout\",\"time\":\"t\"}}\n{{\"log\":\"{b}.{signature}Q {plain}\\n\",\"stream\":\"stdout\",\"time\":\"t\"}}\n"
            ),
        ] {
            let out = whole(Limits::default(), text.as_bytes());
            assert!(leaks(&out, &[payload.to_owned(), signature.clone()], &["alice@example.com".to_owned()]).is_empty(), "{}", shown(&out));
        }
    }
    let long = base64(br#"x{"sub":"alice@example.com","scope":"read and write and more and more and more"}"#);
    let long = long.trim_end_matches('=');
    let text = format!("{plain} {}\n{}.{signature}Q\"{plain}\n", &long[..76], &long[76..]);
    let out = whole(Limits::default(), text.as_bytes());
    assert!(leaks(&out, &[long.to_owned(), signature], &["alice@example.com".to_owned()]).is_empty(), "{}", shown(&out));
}

const OBJECTS: [Form; 3] = [Form::JsonJwsFlat, Form::JsonJweGeneral, Form::JwkEc];

fn flat(token: &Token) -> String {
    token.text.replace("\r\n", "\n").lines().map(str::trim_start).collect()
}

/// Objects with blanks between their members, as Python writes them, behind anything that a carrier puts before a line.
#[test]
fn objects_that_a_carrier_divided() {
    for between in ["\n> ", "\n2026-11-23 12:00:00,123 DEBUG com.acme.Auth: ", "\n   | ", "\\\n", "\" +\n    \"", "\"\n    + \""] {
        check(&OBJECTS, |r, t| {
            let text = flat(t).replace("\":\"", "\": \"").replace(",\"", ", \"");
            let lines = wrapped(&text, r.between(60, 110), between);
            format!(
                "{}token: {lines} n=1",
                between.trim_start_matches(|c| c != '\n').trim_start_matches('\n').trim_start_matches(['"', '+', ' '])
            )
        });
    }
}

#[test]
fn objects_in_escapes_that_were_wrapped() {
    let escaped = |t: &Token| flat(t).replace('{', "%7B").replace("\":\"", "\": \"").replace('"', "%22");
    for between in ["\n", "\n      ", "\r\n", "\n> "] {
        check(&OBJECTS, |r, t| format!("> {}", wrapped(&escaped(t), r.between(60, 110), between)));
    }
}

/// The first line of a key has its label, with blanks in it, and more before it.
#[test]
fn keys_in_strings_that_were_wrapped() {
    let key = |t: &Token| t.text.trim_end().replace("\r\n", "\n").replace('\n', "\\n");
    check(&[Form::Pem], |r, t| format!("| token: {} status=200", wrapped(&key(t), r.between(60, 120), "\n| ")));
    check(&[Form::Pem], |r, t| format!("k={}", wrapped(&key(t), r.between(50, 110), "\\\n")));
    check(&[Form::Pem], |r, t| {
        let head = "2026-11-23 12:00:00,123 DEBUG com.acme.Auth: ";
        format!("{head}user=jo {}", wrapped(&key(t), r.between(60, 110), &format!("\n{head}")))
    });
}

/// What is whole by itself may go on all the same: behind its last `~` an SD-JWT has a key binding JWT.
#[test]
fn a_key_binding_jwt_in_the_next_line() {
    check(&[Form::SdJwt, Form::SdJwtBound], |r, t| {
        let head = "<14>Nov 23 12:00:00 host app[17]: ";
        let tilde = t.text.match_indices('~').map(|(at, _)| at + 1).nth(r.below(2)).unwrap_or(60);
        let size = 480 - head.len();
        let filler: String = "lorem ipsum dolor sit amet, ".chars().cycle().take(size * 9 - tilde - 1).collect();
        format!("{head}{}", wrapped(&format!("{filler} {}", t.text), size, &format!("\n{head}")))
    });
    check(&[Form::SdJwtBound], |r, t| format!("t: {}", wrapped(&t.text.replace('.', "\\u002e"), r.between(60, 110), "\n")));
}

/// A short last line is part of an object in base64 or hex where that ends with it.
#[test]
fn the_last_line_of_an_encoded_object() {
    check(&OBJECTS, |r, t| format!("user=jo token={} n=1", wrapped(&base64(flat(t).as_bytes()), r.between(60, 110), "\n")));
    check(&OBJECTS, |r, t| format!("token={}", wrapped(&hex(flat(t).as_bytes(), ""), r.between(60, 110), "\n")));
}

/// Literals that stand by themselves are no part of those before them, which an operator joins.
#[test]
fn literals_beside_literals() {
    let mut r = Random::new(first_seed());
    for form in [Form::Jws, Form::JwsNone, Form::SdJwt] {
        let (a, b) = (form.make(&mut r), form.make(&mut r));
        let text = [&a, &b].map(|t| format!("\"{}\"", wrapped(&t.text, 70, "\"\n    + \""))).join("\n");
        let out = whole(Limits::default(), format!("{BEFORE}{text}\n{AFTER}").as_bytes());
        for token in [a, b] {
            assert!(leaks(&out, &token.secrets, &token.claims).is_empty(), "{form:?}: {}", shown(&out));
        }
    }
}

/// Tokens in lines of one length, with a name before the first, or one that is whole behind one that may go on.
#[test]
fn tokens_on_lines_of_their_own_are_no_continuations() {
    let opaque =
        format!("oaajtCy2lVMUN1Cm5.v1.{}.{}", &base64(br#"{"userId":"usrcCOPVRntikSYsw","exp":1}"#)[..50], "0d67c8b334048135".repeat(4));
    let out = whole(Limits::default(), format!("Key={opaque}\n{opaque}\nlast\n").as_bytes());
    assert!(String::from_utf8_lossy(&out).lines().nth(1).is_some_and(|line| !line.is_empty()), "{}", shown(&out));
    let mut r = Random::new(9);
    let (sd, jws) = (Form::SdJwt.make(&mut r).text, Form::Jws.make(&mut r).text);
    let out = whole(Limits::default(), format!("{sd}\n{jws}\n{jws}\n").as_bytes());
    assert_eq!(String::from_utf8_lossy(&out).matches("jwt(").count(), 3, "{}", shown(&out));
    let digest = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    let out = whole(Limits::default(), format!("t={}\\\n{digest}\nlast\n", &jws[..90]).as_bytes());
    assert!(out.ends_with(format!("\n{digest}\nlast\n").as_bytes()), "{}", shown(&out));
}

/// Without the first byte nobody knows what the others are.
#[test]
fn bytes_in_hex_with_text_glued_to_them() {
    for glue in ["Bearer", "accessToken", "jwt_", "x-", "Face"] {
        check(&COMPACT, |_, t| format!("token={glue}{} ok", hex(t.text.as_bytes(), "-").to_uppercase()));
    }
    check_same("commit de-ad-be-ef-65-79-4a-68-62-47-63-69-4f-69-4a-39 by Bearer, id=feature-65-79-fix-to-be-or-not-to-be-that-is-it");
}

/// The last line of a wrap may be a letter, or the next record: what stands before it is no less sure.
#[test]
fn cut_tokens_whose_last_line_is_anybodys() {
    for seed in first_seed()..first_seed() + cases(8) {
        let token = Form::Jws.make(&mut Random::new(seed));
        for width in [64, 76] {
            let text = &token.text[12..];
            let text = &text[..text.len() / width * width];
            for last in ["G", "q1g status=200", "last ordinary line"] {
                let document = format!("{BEFORE}token: {}\n{last}\n{AFTER}", wrapped(text, width, "\n"));
                let out = whole(Limits::default(), document.as_bytes());
                let kept: Vec<String> = token.secrets.iter().map(|s| s[..s.len().saturating_sub(width + 12)].to_owned()).collect();
                assert!(leaks(&out, &kept, &token.claims).is_empty(), "seed {seed}: {}", shown(&out));
                assert!(out.ends_with(format!("\n{last}\n{AFTER}").as_bytes()), "seed {seed}: {}", shown(&out));
            }
        }
    }
}

/// A payload that was cut is text of a claim set up to its end, or else the end is not its own.
#[test]
fn a_cut_payload_proves_the_wrap() {
    for seed in first_seed()..first_seed() + cases(8) {
        let token = Form::Jws.make(&mut Random::new(seed));
        let dots: Vec<usize> = token.text.bytes().enumerate().filter(|(_, b)| *b == b'.').map(|(i, _)| i).collect();
        let text = &token.text[..dots[1] - 9];
        let at = text.len() * 2 / 3;
        for end in ["", "...", "...<snip>"] {
            let value = format!("{}\\n{}{end}", &text[..at], &text[at..]);
            let document = format!("{BEFORE}INSERT INTO t (body) VALUES (7, '{value}', now());\n{AFTER}");
            let out = whole(Limits::default(), document.as_bytes());
            assert!(leaks(&out, &[text[at..].to_owned()], &token.claims).is_empty(), "seed {seed}: {}", shown(&out));
            assert!(out.ends_with(format!("', now());\n{AFTER}").as_bytes()), "seed {seed}: {}", shown(&out));
        }
        let words = "anOrdinaryNameOfSomethingElse";
        let document = format!("{BEFORE}INSERT INTO t (body) VALUES (7, '{}\\n{words}', now());\n{AFTER}", &text[..at]);
        let out = whole(Limits::default(), document.as_bytes());
        assert!(out.ends_with(format!("{words}', now());\n{AFTER}").as_bytes()), "seed {seed}: {}", shown(&out));
    }
}

/// Where the record's escapes were read, so were those in a dump's column of text: what stood behind it went, too.
#[test]
fn what_is_glued_to_a_dump_of_escapes_stays() {
    for form in SIGNED {
        for seed in 0..4 {
            let token = form.make(&mut Random::new(seed));
            let escaped: String = token.text.bytes().map(|b| format!("\\{b:03o}")).collect();
            let dump = rows(&escaped, |at, c| {
                format!("{at:08x}: {:<39}  {}", c.chunks(2).map(|p| hex(p, "")).collect::<Vec<_>>().join(" "), String::from_utf8_lossy(c))
            });
            let out = whole(Limits::default(), format!("{BEFORE}dump:{dump};\n{AFTER}").as_bytes());
            assert!(leaks(&out, &token.secrets, &token.claims).is_empty(), "{}", shown(&out));
            assert!(out.ends_with(format!(";\n{AFTER}").as_bytes()), "{}", shown(&out));
        }
    }
}

/// The brace's sign was escaped once more than the rest of the object: the record's own brace was taken for it.
#[test]
fn a_brace_whose_sign_is_an_escape_itself() {
    for seed in 0..8 {
        let token = Form::JwkEc.make(&mut Random::new(seed));
        let text = token.text.replace('\n', "");
        for brace in ["\\u005cu007b", "\\u0026#123;", "\\u00257B"] {
            let (before, behind) = ("{\"level\":\"info\",\"token\":\"", "\",\"status\":200}");
            let document = format!("{BEFORE}{before}{brace}{}{behind}\n{AFTER}", &text[1..]);
            let out = String::from_utf8(whole(Limits::default(), document.as_bytes())).expect("text");
            assert!(leaks(out.as_bytes(), &token.secrets, &[]).is_empty(), "{brace}: {out}");
            assert!(out.starts_with(&format!("{BEFORE}{before}")) && out.ends_with(&format!("{behind}\n{AFTER}")), "{brace}: {out}");
        }
    }
}

/// Padding at the end of wrapped base64, and a full stop and a sign at the end of a line, are no soft line breaks.
#[test]
fn an_equals_sign_at_a_line_s_end_takes_no_neighbour() {
    for extra in 0..3 {
        check(&[Form::JsonJwsFlat, Form::SdJwt], |_, t| wrapped(&base64(format!("{}{}", t.text, "~".repeat(extra)).as_bytes()), 76, "\n"));
    }
    for fill in 0..20 {
        let text = format!("{} eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhIn0.=", "x".repeat(20 + fill));
        let out = whole(Limits::default(), format!("{text}\n{AFTER}").as_bytes());
        assert!(out.ends_with(format!("=\n{AFTER}").as_bytes()), "{}", shown(&out));
    }
}

/// What followed the last `~` was taken for the rest of the base64, be it a word of the next line.
#[test]
fn an_encoded_sd_jwt_that_fills_its_last_line() {
    for width in [60, 64, 76] {
        check(&[Form::SdJwt], |_, t| {
            let encoded = |n: usize| base64(format!("{}:{}", "u".repeat(n), t.text).as_bytes());
            let filled = (1..=width).map(encoded).find(|text| text.len() % width == 0 && !text.ends_with('='));
            format!("token: {}", wrapped(&filled.unwrap_or_else(|| encoded(1)), width, "\n"))
        });
    }
}

/// The quote behind a mark was taken for one of the string around the object, and what followed for the record's.
#[test]
fn marks_and_soft_breaks_between_a_backslash_and_its_quote() {
    let json = |t: &Token| flat(t).replace('"', "\\\"");
    for mark in ["\u{200b}", "\u{ad}", "\u{1b}[0m"] {
        let marked = |t: &Token| json(t).replace("\\\":", &format!("\\{mark}\":"));
        check(&OBJECTS, |_, t| format!("{{\"msg\":\"got {}\",\"n\":1}}", marked(t)));
        check(&OBJECTS, |_, t| format!("level=info msg=\"got {}\" n=1", marked(t)));
    }
    check(&OBJECTS, |_, t| format!("token:\n{}", wrapped(&json(t), 75, "=\n")));
}

/// A quote in escapes that a soft line break divides stood around the marker, with its line end.
#[test]
fn a_quote_in_escapes_over_two_lines() {
    let octal = |text: &str| text.bytes().map(|b| format!("\\{b:03o}")).collect::<String>();
    for (form, width) in OBJECTS.into_iter().flat_map(|form| (61..76).map(move |width| (form, width))) {
        let text = octal(&octal(&flat(&form.make(&mut Random::new(1)))));
        let document = format!("{BEFORE}token:\n{}\n{AFTER}", wrapped(&text, width, "=\n"));
        let out = String::from_utf8(whole(Limits::default(), document.as_bytes())).expect("text");
        assert_eq!(out.lines().count(), document.lines().count(), "{out}");
    }
}

/// What stands before each line of a token stays where it stands.
#[test]
fn marks_before_the_lines_of_a_token_stay() {
    let check = |token: &Token, mark: &str| {
        let lines: Vec<&str> = token.text.lines().collect();
        let document = format!("{BEFORE}{mark}{}\n{AFTER}", lines.join(&format!("\n{mark}")));
        let out = whole(Limits::default(), document.as_bytes());
        let found = leaks(&out, &token.secrets, &token.claims);
        let text = String::from_utf8_lossy(&out);
        assert!(found.is_empty(), "leaks {:?}\n  in  {}\n  out {}", found.runs.first(), shown(document.as_bytes()), shown(&out));
        let inner = text.strip_prefix(BEFORE).and_then(|text| text.strip_suffix(AFTER)).unwrap_or_default();
        assert_eq!(inner.lines().count(), lines.len(), "{}", shown(&out));
        assert!(inner.lines().all(|line| line.starts_with(mark.trim_end())), "{}", shown(&out));
    };
    for seed in first_seed()..first_seed() + cases(8) {
        for form in [Form::Pem, Form::JsonJweFlat] {
            let mut token = form.make(&mut Random::new(seed * 31 + form as u64));
            if form != Form::Pem {
                token.text =
                    token.text.replace(['\n', '\r'], "").replace("{\"", "{\n  \"").replace("\",\"", "\",\n  \"").replace("\"}", "\"\n}");
            }
            for mark in ["> ", ">> ", "# ", "| ", "// ", " * ", "+", "\u{1b}[33m"] {
                check(&token, mark);
            }
        }
    }
}

/// rsyslog writes control characters in octal, terminals with a caret, Windows with their number.
#[test]
fn line_ends_as_log_daemons_write_them() {
    for end in ["#012", "#015#012", "#012#011", "^J", "^M^J"] {
        check(&COMPACT, |r, t| format!("Mar  1 10:00:00 h app: token: {}{end}done", wrapped(&t.text, r.between(60, 120), end)));
        check(&[Form::Pem, Form::JwkRsa], |_, t| format!("Mar  1 10:00:00 h app: key:{end}{}", t.text.replace('\n', end)));
    }
    for end in ["_x000D__x000A_", "_x000A_"] {
        check(&SIGNED, |r, t| format!("<Data>{}{end}</Data>", wrapped(&t.text, r.between(60, 120), end)));
    }
    let run = "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVphYmNkZWZnaGlqa2xtbm9wcXJzdHV2d3h5eg";
    for text in ["see #012 and ^M", &format!("a#012{run}#012{run}#012b"), &format!("x_x000D_{run}_x000A_"), &format!("sha ^J{run}")] {
        check_same(text);
    }
}

/// A value in chunks that are objects: a browser's list of cookies, the pieces of a message that Docker's driver sends on.
#[test]
fn chunks_that_are_objects() {
    let cookie =
        |(i, chunk): (usize, &str), value: &str| format!(r#"{{"name":"auth.{i}","domain":"a.example",{value}:"{chunk}","path":"/"}}"#);
    for value in ["\"value\"", "\"Value\""] {
        check(&SIGNED, |r, t| {
            let text = wrapped(&t.text, r.between(80, 200), "\n");
            format!("[{}]", text.lines().enumerate().map(|chunk| cookie(chunk, value)).collect::<Vec<_>>().join(","))
        });
    }
    check(&COMPACT, |r, t| {
        let text = wrapped(&format!("token {}\\n", t.text), r.between(80, 200), "\n");
        let last = text.lines().count();
        let piece = |(i, piece): (usize, &str)| {
            format!(
                r#"{{"container_id":"c{i}","log":"{piece}","partial_message":"true","partial_id":"ab12","partial_ordinal":"{}","partial_last":"{}"}}"#,
                i + 1,
                i + 1 == last
            )
        };
        text.lines().enumerate().map(piece).collect::<Vec<_>>().join("\n")
    });
    let run = "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVphYmNkZWZnaGlqa2xtbm9wcXJzdHV2d3h5eg";
    check_same(&format!(r#"[{{"name":"auth.0","value":"{run}"}},{{"name":"auth.1","value":"{run}"}}]"#));
    check_same(&format!("{{\"log\":\"{run}\",\"partial_id\":\"a\"}}\n{{\"log\":\"{run}\",\"partial_id\":\"a\",\"partial_last\":true}}"));
}

/// What stands beside an encoded token and is written in signs of its encoding.
#[test]
fn what_is_glued_to_an_encoded_token_stays() {
    let token = Form::Jws.make(&mut Random::new(first_seed()));
    let hex = token.text.bytes().map(|b| format!("{b:02x}")).collect::<Vec<_>>().join(" ");
    let cases = [
        (base64(token.text.as_bytes()).trim_end_matches('=').to_owned(), "GET /reset/", "/confirm HTTP/1.1"),
        (base64(token.text.as_bytes()), "GET /reset/", "/confirm/now HTTP/1.1"),
        (hex.clone(), "38\t", "\tdone"),
        (hex.clone(), "bytes=", "\t17 done"),
        (hex, "bytes=", " 101 (websocket)"),
    ];
    for (encoded, before, behind) in cases {
        let document = format!("{BEFORE}{before}{encoded}{behind}\n{AFTER}");
        let out = String::from_utf8_lossy(&whole(Limits::default(), document.as_bytes())).into_owned();
        let line = out.strip_prefix(BEFORE).and_then(|out| out.strip_suffix(AFTER)).unwrap_or_default();
        assert!(leaks(out.as_bytes(), &token.secrets, &token.claims).is_empty(), "{out}");
        assert!(line.starts_with(&format!("{before}jwt(")) && line.ends_with(&format!("){behind}\n")), "{before}{behind}: {out}");
    }
}

/// Quoted-printable (RFC 2045 §6.7) in lines of `width` bytes, signs included; every line stands behind `mark`.
fn quoted_printable(text: &str, width: usize, mark: &str) -> String {
    let (mut lines, mut line) = (Vec::new(), String::from(mark));
    for c in text.chars() {
        let written = if c == '=' { "=3D".to_owned() } else { c.to_string() };
        if line.len() + written.len() + 1 > width {
            lines.push(format!("{line}="));
            line = mark.to_owned();
        }
        line.push_str(&written);
    }
    lines.push(line);
    lines.join("\n")
}

#[test]
fn quoted_printable_of_any_width() {
    for mark in ["", "    ", "\t", "> "] {
        check(&COMPACT, |r, t| quoted_printable(&format!("Authorization: Bearer {}, that is all", t.text), r.between(60, 200), mark));
    }
}

/// Short lines are soft where they are of one width.
#[test]
fn quoted_printable_of_a_small_width() {
    for mark in ["", "> "] {
        check(&COMPACT, |r, t| quoted_printable(&format!("Authorization: Bearer {}, that is all", t.text), small_width(r, t, 36), mark));
        check(&COMPACT, |r, t| quoted_printable(&format!("t={}&state=1", t.text), small_width(r, t, 24), mark).replace('\n', "\r\n"));
    }
    // Keys and digests of one length, each in a line of its own.
    let keys = ["yAnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBmk=", "xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg="];
    check_same(&keys.join("\n"));
    check_same(&format!("peer {}\npeer {}", keys[0], keys[1]));
}

#[test]
fn json_in_quoted_printable() {
    let quoted = |t: &Token| t.text.replace('\n', "").replace('=', "=3D").replace('"', "=22").replace('{', "=7B").replace('}', "=7D");
    check(&[Form::JsonJwsFlat, Form::JsonJweFlat, Form::JsonJweGeneral, Form::JwkEc, Form::JwkRsa, Form::JwkOct], |_, t| quoted(t));
}

#[test]
fn padding_at_a_lines_end_is_no_soft_break() {
    let random = |r: &mut Random, n: usize| -> String { (0..n).map(|_| char::from(*r.pick(b"AbCdEfGhIj0123456789KlMnOp+/"))).collect() };
    for seed in 0..cases(50) {
        let r = &mut Random::new(seed);
        // Base64 of one length in lines of their own, each a value by itself, and a token behind one of them.
        let token = Form::Jws.make(r).text;
        let values: Vec<String> = (0..4).map(|_| format!("{}=", random(r, 87))).collect();
        let text = format!("{BEFORE}{}\nx {token}\n{}\n{AFTER}", values[..2].join("\n"), values[2..].join("\n"));
        let out = whole(Limits::default(), text.as_bytes());
        let out = String::from_utf8_lossy(&out);
        assert!(values.iter().all(|value| out.contains(&format!("{value}\n"))), "seed {seed}: {out}");
    }
}

#[test]
fn a_key_of_the_type_akp() {
    let secret = "3MmXeiE0CtGiXa1OFWe-bJAnj_0MLIU9BRQRm7JPcMo";
    let public = "FcpxaZhpT1j_AZfTVqdCtX12H9e-IYxTdCpUhkefvq3s30tbl022URFwZew1Wpb0xm_CV2X7";
    for key in [
        format!(r#"{{"kty":"AKP","alg":"ML-DSA-65","kid":"a","pub":"{public}","priv":"{secret}"}}"#),
        format!(r#"{{\"priv\":\"{secret}\",\"kty\":\"AKP\",\"alg\":\"ML-DSA-44\"}}"#),
        format!("{{ kty: 'AKP', alg: 'ML-DSA-65', pub: '{public}', priv: '{secret}' }}"),
    ] {
        let out = whole(Limits::default(), format!("{BEFORE}{key}\n{AFTER}").as_bytes());
        let out = String::from_utf8_lossy(&out);
        assert!(!out.contains(secret) && out.starts_with(BEFORE) && out.ends_with(AFTER), "{out}");
    }
    check_same(&format!(r#"{{"kty":"AKP","alg":"ML-DSA-65","kid":"a","pub":"{public}"}}"#));
    check_same(&format!(r#"{{"dir":"/home/jo","priv":"{public}","kind":"path"}}"#));
}

/// A source text in a container's lines, in every spelling of literals and their operators.
#[test]
fn literals_in_containers_records() {
    let frames = [("2026-11-28T10:00:00.1Z stderr F ", ""), (r#"{"log":""#, r#"\n","stream":"stderr","time":"t"}"#)];
    let spellings = [
        ("\"", "\""),
        ("'", "'"),
        ("`", "`"),
        ("'", "',"),
        ("\"", "\","),
        ("`", "`,"),
        ("'", "' +"),
        ("\"", "\" +"),
        ("`", "` +"),
        ("b'", "'"),
        ("b\"", "\""),
        ("'", "' ||"),
        ("\"", "\" \\"),
    ];
    for (head, tail) in frames {
        for (open, close) in spellings {
            let said = |text: String| if tail.is_empty() { text } else { text.replace('\\', "\\\\").replace('"', "\\\"") };
            let record = |text: String| format!("{head}{}{tail}", said(text));
            check(&SIGNED, |r, t| {
                let width = small_width(r, t, 24);
                let pieces = wrapped(&t.text, *r.pick(&[width, 64, 110]), "\n");
                let mut lines: Vec<String> = pieces.lines().map(|piece| record(format!("    {open}{piece}{close}"))).collect();
                lines.insert(0, record("token = (".into()));
                lines.join("\n")
            });
            // Strings of others, which are no pieces of one value.
            check_same(&["A1b2C3d4E5f6A7b8C9d0", "B1b2C3d4E5f6A7b8C9d0"].map(|id| record(format!("    {open}{id}{close}"))).join("\n"));
        }
    }
}

/// Who joins literals may write two tokens, one below the other.
#[test]
fn two_tokens_in_literals() {
    for close in ["'", "',", "' +"] {
        check(&SIGNED, |r, t| {
            let other = Form::Jws.make(&mut Random::new(first_seed() + 77)).text;
            // White space before its brace hides where a token begins among others.
            let width = if t.text.starts_with('e') { r.between(24, 64) } else { t.text.len() };
            let lines = wrapped(&other, width, "\n") + "\n" + &wrapped(&t.text, width, "\n");
            lines.lines().map(|line| format!("2026-11-23 12:00:00 INFO [main] '{line}{close}")).collect::<Vec<_>>().join("\n")
        });
    }
}

/// Bytes in hex, and nothing else, behind the head of each record.
#[test]
fn lines_of_hex_in_records() {
    let records: [fn(usize, &str) -> String; 5] = [
        |_, line| format!("> {line}"),
        |i, line| format!("2026-11-23 12:00:{:02} INFO [main] {line}", i % 60),
        |i, line| format!("Nov 23 12:00:{:02} host app[17]: {line}", i % 60),
        |i, line| format!("2026-11-23T12:00:00.{i:09}Z stdout F {line}"),
        |i, line| format!(r#"{{"log":"{line}\n","stream":"stdout","time":"2026-11-23T12:00:00.{i:09}Z"}}"#),
    ];
    for record in records {
        let of = |bytes: &[u8], per: usize, sign: &str| {
            bytes.chunks(per).enumerate().map(|(i, row)| record(i, &hex(row, sign))).collect::<Vec<_>>().join("\n")
        };
        check(&SIGNED, |r, t| {
            let (per, sign) = (*r.pick(&[16, 24, 32]), *r.pick(&[" ", ":"]));
            of(t.text.as_bytes(), per, sign)
        });
        check_same(&of(&Random::new(5).bytes(80), 16, " "));
        check_same(&of(b"a text of several lines that says nothing which nobody should read", 16, " "));
    }
}

/// A source text behind the head of each record, and in a shell.
#[test]
fn literals_in_records() {
    let mark = "Nov 28 10:00:00 host app[12]: ";
    for (before, between, behind) in [("t = '", "' +\nM  '", "';"), ("$t = \"", "\"\nM  . \"", "\";"), ("t = \"", "\" & _\nM\"", "\"")] {
        let between = between.replace('M', mark);
        check(&SIGNED, |r, t| format!("{mark}{before}{}{behind}", wrapped(&t.text, r.between(48, 100), &between)));
    }
    check(&SIGNED, |r, t| format!("TOKEN='{}'", wrapped(&t.text, r.between(48, 100), "'\\\n'")));
    // As Python prints them, in a container's lines.
    for (head, tail) in [("2026-11-28T10:00:00.1Z stderr F ", ""), (r#"{"log":""#, r#"\n","stream":"stderr","time":"t"}"#)] {
        check(&SIGNED, |r, t| {
            let between = format!("'{tail}\n{head}           '");
            format!("{head}{{'token': '{}',{tail}\n{head} 'n': 3}}{tail}", wrapped(&t.text, r.between(48, 100), &between))
        });
        check_same(&format!("{head}id: 'A1b2C3d4E5f6A7b8C9d0'{tail}\n{head}    'B1b2C3d4E5f6A7b8C9d0'{tail}"));
    }
    let (id, other) = ("A1b2C3d4E5f6A7b8C9d0", "B1b2C3d4E5f6A7b8C9d0");
    for end in ["'", "',", "' +", "'\\"] {
        check_same(&format!("{mark}t = '{id}{end}\n{mark}  '{other}'"));
    }
    let token = Form::Jws.make(&mut Random::new(first_seed())).text;
    let out = whole(Limits::default(), format!("{BEFORE}{mark}t = '{token}'\n{mark}'{other}'\n{AFTER}").as_bytes());
    assert!(out.ends_with(format!("\n{mark}'{other}'\n{AFTER}").as_bytes()), "{}", shown(&out));
}

/// psql's sign for a line end in a value, and cells that are not filled up.
#[test]
fn cells_of_tables() {
    check(&SIGNED, |r, t| format!(" 1 | {}\n(1 row)", wrapped(&t.text, r.between(60, 100), "+\n   | ")));
    check(&SIGNED, |r, t| format!("| token | {} |\n+---+", wrapped(&t.text, r.between(60, 100), " |\n|       | ")));
    check(&SIGNED, |r, t| format!("│ {} │\n└───┘", wrapped(&t.text, r.between(60, 100), " │\n│ ")));
    let token = Form::Jws.make(&mut Random::new(first_seed())).text;
    for row in ["| done |", "| Xy7Kq2 |", "| 0d67c8b334048135 |"] {
        let out = whole(Limits::default(), format!("{BEFORE}| {token} |\n{row}\n{AFTER}").as_bytes());
        assert!(out.ends_with(format!("\n{row}\n{AFTER}").as_bytes()), "{}", shown(&out));
    }
}

/// Printed over several lines, in XML and in a URL's escapes.
#[test]
fn printed_objects_in_escapes() {
    let printed = |text: &str| {
        let object: serde_json::Value = serde_json::from_str(text).expect("an object");
        serde_json::to_string_pretty(&object).expect("an object")
    };
    const FORMS: [Form; 5] = [Form::JwkRsa, Form::JwkEc, Form::JsonJwsFlat, Form::JsonJwsGeneral, Form::JsonJweGeneral];
    check(&FORMS, |_, t| format!("<log>{}</log>", printed(&flat(t)).replace('"', "&quot;")));
    check(&FORMS, |_, t| format!("body={}", printed(&flat(t)).replace('"', "%22")));
    let config = printed(r#"{"header":{"kid":"k-1"},"signature":"none","k":["a",{"d":"5"}],"protected":true}"#);
    for quote in ["&quot;", "%22"] {
        check_same(&config.replace('"', quote));
    }
}
