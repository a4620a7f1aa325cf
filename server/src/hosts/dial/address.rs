//! Which addresses may be dialled.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

/// A range of addresses, such as `10.0.0.0/8`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    prefix: u8,
}

/// The ranges that may be dialled besides the public ones.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Allowed(Vec<Network>);

/// An address that may not be dialled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{address} is {kind}{}", self.advice())]
pub struct Refused {
    address: IpAddr,
    kind: Kind,
}

/// What an address is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Anybody's.
    Public,
    /// A network's own. Any range that holds it allows it.
    Private,
    /// This machine. Allowed by a range of nothing else: who allows `0.0.0.0/0` does not mean it.
    Loopback,
    /// This cable. Allowed as [`Kind::Loopback`].
    LinkLocal,
    /// A cloud's keys. Never.
    Metadata,
    /// No single machine's, or another address in disguise. Never.
    Senseless,
}

impl Refused {
    fn advice(&self) -> &'static str {
        match self.kind {
            Kind::Public | Kind::Metadata | Kind::Senseless => ", which is never dialled.",
            Kind::Private | Kind::Loopback | Kind::LinkLocal => {
                ", which is dialled only if --allow-cluster-address allows it."
            }
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Public => "a public address",
            Self::Private => "an address of a private network",
            Self::Loopback => "this machine itself",
            Self::LinkLocal => "a link-local address",
            Self::Metadata => "a metadata service",
            Self::Senseless => "no address of a machine",
        })
    }
}

impl Allowed {
    /// These ranges.
    #[must_use]
    pub fn new(networks: impl IntoIterator<Item = Network>) -> Self {
        Self(networks.into_iter().collect())
    }

    /// Whether `address` may be dialled.
    ///
    /// # Errors
    /// It may not.
    pub fn check(&self, address: IpAddr) -> Result<(), Refused> {
        let kind = kind(address);
        let fine = match kind {
            Kind::Public => true,
            Kind::Private => self.0.iter().any(|it| it.contains(address)),
            Kind::Loopback | Kind::LinkLocal => {
                self.0.iter().any(|it| it.contains(address) && it.is_all(kind))
            }
            Kind::Metadata | Kind::Senseless => false,
        };
        if fine { Ok(()) } else { Err(Refused { address, kind }) }
    }
}

/// Whether nothing may ever be dialled there, whatever the settings allow.
#[must_use]
pub fn is_never_dialled(address: IpAddr) -> bool {
    matches!(kind(address), Kind::Metadata | Kind::Senseless | Kind::LinkLocal)
}

impl Network {
    fn contains(self, address: IpAddr) -> bool {
        match (self.address, address) {
            (IpAddr::V4(a), IpAddr::V4(b)) => {
                let shift = 32 - u32::from(self.prefix);
                a.to_bits().checked_shr(shift) == b.to_bits().checked_shr(shift)
            }
            (IpAddr::V6(a), IpAddr::V6(b)) => {
                let shift = 128 - u32::from(self.prefix);
                a.to_bits().checked_shr(shift) == b.to_bits().checked_shr(shift)
            }
            (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => false,
        }
    }

    /// Every address in it is of this kind: one of its ends is, and it is no wider than the kind.
    fn is_all(self, wanted: Kind) -> bool {
        let widest = match (wanted, self.address) {
            (Kind::Loopback, IpAddr::V4(_)) => 8,
            (Kind::Loopback, IpAddr::V6(_)) => 128,
            (Kind::LinkLocal, IpAddr::V4(_)) => 16,
            (Kind::LinkLocal, IpAddr::V6(_)) => 10,
            _ => return false,
        };
        self.prefix >= widest && matches!(kind(self.address), it if it == wanted)
    }
}

/// Source: IANA's registries of special-purpose addresses, IPv4 and IPv6.
fn kind(address: IpAddr) -> Kind {
    match address {
        IpAddr::V4(it) => kind_v4(it),
        IpAddr::V6(it) => kind_v6(it),
    }
}

fn kind_v4(it: Ipv4Addr) -> Kind {
    match it.octets() {
        [169, 254, 169, 254 | 253]
        | [169, 254, 170, 2 | 23]
        | [100, 100, 100, 200]
        | [168, 63, 129, 16]
        | [192, 0, 0, 192] => Kind::Metadata,
        [127, ..] => Kind::Loopback,
        [169, 254, ..] => Kind::LinkLocal,
        [0 | 224..=255, ..] => Kind::Senseless,
        [10, ..]
        | [172, 16..=31, ..]
        | [192, 168, ..]
        | [100, 64..=127, ..]
        | [192, 0, 0 | 2, _]
        | [198, 18 | 19, ..]
        | [198, 51, 100, _]
        | [203, 0, 113, _] => Kind::Private,
        [192, 88, 99, _] => Kind::Senseless,
        _ => Kind::Public,
    }
}

fn kind_v6(it: Ipv6Addr) -> Kind {
    let embedded =
        |high: u16, low: u16| Ipv4Addr::from_bits(u32::from(high) << 16 | u32::from(low));
    match it.segments() {
        [0, 0, 0, 0, 0, 0, 0, 1] => Kind::Loopback,
        [0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254] | [0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254] => {
            Kind::Metadata
        }
        // NAT64: what is reached is the address inside.
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => match kind_v4(embedded(high, low)) {
            Kind::Public => Kind::Public,
            Kind::Private => Kind::Private,
            Kind::Loopback | Kind::LinkLocal | Kind::Metadata | Kind::Senseless => Kind::Senseless,
        },
        // IPv4 in disguise, tunnels, and what is thrown away.
        [0, 0, 0, 0, ..] | [0x64, 0xff9b, ..] | [0x2002, ..] | [0x2001, 0, ..] | [0x100, ..] => {
            Kind::Senseless
        }
        [0xff00..=0xffff, ..] => Kind::Senseless,
        [0xfe80..=0xfebf, ..] => Kind::LinkLocal,
        [0xfc00..=0xfdff, ..] | [0xfec0..=0xfeff, ..] | [0x2001, 0xdb8, ..] => Kind::Private,
        [0x2000..=0x3fff, ..] => Kind::Public,
        _ => Kind::Senseless,
    }
}

impl FromStr for Network {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (address, prefix) = text.split_once('/').map_or((text, None), |(a, p)| (a, Some(p)));
        let address: IpAddr = address
            .parse()
            .map_err(|_| format!("{text} is no range of addresses, such as 10.0.0.0/8"))?;
        let most = if address.is_ipv4() { 32 } else { 128 };
        let prefix = match prefix {
            None => most,
            Some(prefix) => prefix
                .parse()
                .ok()
                .filter(|it| *it <= most)
                .ok_or_else(|| format!("after the / of {text} comes a number up to {most}"))?,
        };
        Ok(Self { address, prefix })
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.prefix)
    }
}

#[cfg(test)]
mod tests;
