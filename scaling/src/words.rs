//! Numbers and nouns as people write them.

/// `1234567` as `1,234,567`.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// `1 server`, `3 servers`.
pub(crate) fn counted(number: u64, noun: &str) -> String {
    format!("{} {noun}{}", grouped(number), if number == 1 { "" } else { "s" })
}

/// `48 MiB`: in the largest unit of which there is one, to the nearest.
pub(crate) fn bytes(number: u64) -> String {
    let units = [(1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")];
    match units.into_iter().find(|(unit, _)| number >= *unit) {
        Some((unit, name)) => {
            format!("{} {name}", grouped(number / unit + u64::from(number % unit >= unit / 2)))
        }
        None => counted(number, "byte"),
    }
}

/// `a, b and c`.
pub(crate) fn listed(parts: &[String]) -> String {
    match parts {
        [all @ .., last] if !all.is_empty() => format!("{} and {last}", all.join(", ")),
        _ => parts.concat(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_a_comma_for_each_thousand() {
        assert_eq!(grouped(0), "0");
        assert_eq!(grouped(999), "999");
        assert_eq!(grouped(1_000), "1,000");
        assert_eq!(grouped(1_234_567), "1,234,567");
    }

    #[test]
    fn one_is_singular() {
        assert_eq!(counted(1, "server"), "1 server");
        assert_eq!(counted(0, "server"), "0 servers");
        assert_eq!(counted(12_000, "connection"), "12,000 connections");
    }

    #[test]
    fn bytes_have_the_unit_that_people_read() {
        assert_eq!(bytes(0), "0 bytes");
        assert_eq!(bytes(1_023), "1,023 bytes");
        assert_eq!(bytes(1_536), "2 KiB");
        assert_eq!(bytes(48 << 20), "48 MiB");
        assert_eq!(bytes(u64::MAX), "17,179,869,184 GiB");
    }

    #[test]
    fn the_last_of_a_list_comes_after_and() {
        let parts = ["a", "b", "c"].map(str::to_owned);
        assert_eq!(listed(&parts), "a, b and c");
        assert_eq!(listed(&parts[..2]), "a and b");
        assert_eq!(listed(&parts[..1]), "a");
    }
}
