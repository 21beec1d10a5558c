//! Which claims have so few possible values that a pseudonym of them hides nothing.
//!
//! A pseudonym is keyed, so nobody without the key can compute it. But whoever can write lines and read what comes out has
//! the key work for them: one token for each guess, until the pseudonyms are equal. That takes a day for all phone numbers
//! of a country and a second for all birth dates.

/// Claims of low entropy, spelt as [`spelling`] does. From OpenID Connect Core §5.1 and §2, RFC 7519, RFC 8176, RFC 9068, the
/// claims of Entra, Okta, Auth0, Keycloak and Cognito, and the numbers that people are known by.
const LOW: &[&str] = &[
    // What a person is (OpenID Connect Core §5.1).
    "name",
    "givenname",
    "familyname",
    "middlename",
    "nickname",
    "firstname",
    "lastname",
    "surname",
    "gender",
    "sex",
    "birthdate",
    "birthday",
    "dateofbirth",
    "dob",
    "age",
    "agegroup",
    "maritalstatus",
    "nationality",
    "nationalities",
    "zoneinfo",
    "timezone",
    "locale",
    "language",
    "preferredlanguage",
    "xmspl",
    "xmstpl",
    // Where a person is.
    "address",
    "streetaddress",
    "locality",
    "city",
    "region",
    "state",
    "country",
    "ctry",
    "tenantctry",
    "placeofbirth",
    "postalcode",
    "zip",
    "zipcode",
    "ip",
    "ipaddr",
    "ipaddress",
    "clientip",
    "remoteip",
    "sourceip",
    "clientaddress",
    "tenantregionscope",
    // Numbers that can all be tried.
    "phone",
    "phonenumber",
    "mobile",
    "mobilephone",
    "telephone",
    "tel",
    "msisdn",
    "ssn",
    "socialsecuritynumber",
    "taxid",
    "nationalid",
    "pin",
    "otp",
    "code",
    "customernumber",
    "employeenumber",
    "employeeid",
    "accountnumber",
    "iban",
    "pan",
    "cardnumber",
    "last4",
    // Words of a short list, times and switches.
    "acr",
    "amr",
    "azpacr",
    "appidacr",
    "roles",
    "role",
    "groups",
    "group",
    "wids",
    "scope",
    "scp",
    "permissions",
    "entitlements",
    "idtyp",
    "typ",
    "ver",
    "tokenuse",
    "authtime",
    "iat",
    "nbf",
    "exp",
    "updatedat",
    "emailverified",
    "phonenumberverified",
    "incorp",
    "title",
    "department",
    "organization",
    "org",
    "jobtitle",
    "acct",
    "active",
    "loa",
];

/// True when the values of a claim are few enough to be tried one by one, judged by its name: the last level of `path`,
/// or of a namespaced name what follows its last `/`, `:`, `.` or `#`. Case, `_` and `-` do not count. `false` says only that
/// the name is not known for it.
#[must_use]
pub fn low_entropy(path: &[&str]) -> bool {
    let Some(name) = path.last() else { return false };
    let short = name.trim_end_matches(['/', ':', '.', '#', '*', ']', '[']).rsplit(['/', ':', '.', '#']).next().unwrap_or(name);
    let spelt = spelling(short);
    // Members of an address are as few as the address's name says.
    LOW.contains(&spelt.as_str()) || path.first().is_some_and(|first| *first == "address")
}

/// A name without what differs between issuers.
fn spelling(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::FingerprintKey;

    #[test]
    fn names_of_few_values_are_known() {
        let low: &[&[&str]] = &[
            &["phone_number"],
            &["zip"],
            &["gender"],
            &["birthdate"],
            &["address", "postal_code"],
            &["address", "formatted"],
            &["postalCode"],
            &["locale"],
            &["given_name"],
            &["acr"],
            &["ip"],
            &["ipaddr"],
            &["https://idp.example/claims/Phone-Number"],
            &["http://schemas.xmlsoap.org/ws/2005/05/identity/claims/dateofbirth"],
            &["urn:example:zip"],
            &["custom:zip_code"],
            &["realm_access", "roles"],
        ];
        for path in low {
            assert!(low_entropy(path), "{path:?}");
        }
        let others: &[&[&str]] =
            &[&["sub"], &["email"], &["oid"], &["sid"], &["jti"], &["preferred_username"], &["upn"], &["act", "sub"], &[]];
        for path in others {
            assert!(!low_entropy(path), "{path:?}");
        }
    }

    #[test]
    fn the_list_is_spelt_as_it_is_compared() {
        for name in LOW {
            assert_eq!(spelling(name), *name);
        }
    }

    #[test]
    fn nothing_runs_together() {
        let key = FingerprintKey::from_bytes(&[7; 32]).unwrap();
        let all = [
            key.pseudonym("", &["sub"], b"a"),
            key.pseudonym("a", &["sub"], b"a"),
            key.pseudonym("", &["email"], b"a"),
            key.pseudonym("", &["sub"], b"b"),
            key.pseudonym("", &["act", "sub"], b"a"),
            key.pseudonym("", &["act.sub"], b"a"),
            key.pseudonym("", &["act"], b"suba"),
            key.pseudonym("s", &["ub"], b"a"),
            key.pseudonym("", &[], b"a"),
            key.pseudonym("", &[], b""),
            FingerprintKey::from_bytes(&[8; 32]).unwrap().pseudonym("", &["sub"], b"a"),
        ];
        let different: std::collections::BTreeSet<&String> = all.iter().collect();
        assert_eq!(different.len(), all.len());
        for shown in &all {
            let (id, rest) = shown.strip_prefix('p').and_then(|s| s.split_once('_')).unwrap();
            assert!(id.len() == 6 && rest.len() == 22, "{shown}");
        }
        assert_eq!(key.pseudonym("t", &["sub"], b"a"), key.pseudonym("t", &["sub"], b"a"));
    }
}
