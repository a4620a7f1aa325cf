use proptest::prelude::*;

use super::*;

fn allowed(ranges: &[&str]) -> Allowed {
    Allowed::new(ranges.iter().map(|it| it.parse().unwrap()))
}

#[track_caller]
fn check(ranges: &[&str], address: &str, fine: bool) {
    let checked = allowed(ranges).check(address.parse().unwrap());
    assert_eq!(checked.is_ok(), fine, "{address} {checked:?}");
}

#[test]
fn public_addresses_need_no_setting() {
    for address in ["1.1.1.1", "93.184.216.34", "2606:4700::1", "64:ff9b::101:101"] {
        check(&[], address, true);
    }
}

#[test]
fn private_addresses_need_a_range_that_holds_them() {
    for address in
        ["10.0.0.1", "172.31.255.255", "192.168.1.1", "100.64.0.1", "fd12::1", "64:ff9b::a00:1"]
    {
        check(&[], address, false);
        check(&["0.0.0.0/0", "::/0"], address, true);
    }
    check(&["10.1.0.0/16"], "10.1.2.3", true);
    check(&["10.1.0.0/16"], "10.2.2.3", false);
    check(&["10.1.2.3"], "10.1.2.3", true);
}

#[test]
fn this_machine_needs_a_range_that_means_it() {
    check(&["0.0.0.0/0", "::/0"], "127.0.0.1", false);
    check(&["0.0.0.0/0", "::/0"], "::1", false);
    check(&["127.0.0.0/8"], "127.9.9.9", true);
    check(&["127.0.0.1"], "127.0.0.2", false);
    check(&["::1"], "::1", true);
    check(&["0.0.0.0/0"], "169.254.1.1", false);
    check(&["169.254.1.0/24"], "169.254.1.1", true);
}

#[test]
fn some_addresses_are_never_dialled() {
    let all = ["0.0.0.0/0", "::/0", "169.254.0.0/16", "127.0.0.0/8", "::1", "fe80::/10"];
    for address in [
        "169.254.169.254",
        "fd00:ec2::254",
        "100.100.100.200",
        "0.0.0.0",
        "0.1.2.3",
        "::",
        "224.0.0.1",
        "255.255.255.255",
        "240.0.0.1",
        "ff02::1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "::ffff:1.1.1.1",
        "::127.0.0.1",
        "2002:7f00:1::",
        "2001::1",
        "64:ff9b::7f00:1",
        "64:ff9b::a9fe:a9fe",
        "64:ff9b:1::1",
        "100::1",
        "4000::1",
    ] {
        check(&all, address, false);
    }
}

#[test]
fn a_range_that_is_none_is_refused() {
    for text in ["", "x", "10.0.0.0/33", "::/129", "10.0.0.0/", "10.0.0/8", "10.0.0.0/-1"] {
        assert!(text.parse::<Network>().is_err(), "{text}");
    }
    assert_eq!("10.0.0.0/8".parse::<Network>().unwrap().to_string(), "10.0.0.0/8");
    assert_eq!(
        allowed(&[]).check([10, 0, 0, 1].into()).unwrap_err().to_string(),
        "10.0.0.1 is an address of a private network, which is dialled only if \
         --allow-cluster-address allows it."
    );
}

proptest! {
    #[test]
    fn no_setting_opens_what_is_never_dialled(bits: u32, prefix in 0u8..=32, mapped: u32) {
        let range = Allowed::new([Network { address: Ipv4Addr::from_bits(bits).into(), prefix }]);
        prop_assert!(range.check([169, 254, 169, 254].into()).is_err());
        let mapped = Ipv4Addr::from_bits(mapped).to_ipv6_mapped();
        let any = allowed(&["::/0", "0.0.0.0/0"]);
        prop_assert!(any.check(mapped.into()).is_err());
    }

    #[test]
    fn a_range_holds_its_own_addresses(bits: u32, prefix in 0u8..=32, other: u32) {
        let network = Network { address: Ipv4Addr::from_bits(bits).into(), prefix };
        prop_assert!(network.contains(Ipv4Addr::from_bits(bits).into()));
        let mask = u32::MAX.checked_shl(32 - u32::from(prefix)).unwrap_or(0);
        prop_assert_eq!(
            network.contains(Ipv4Addr::from_bits(other).into()),
            bits & mask == other & mask
        );
    }
}
