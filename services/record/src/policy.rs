//! Whom does an auditor trust? A policy file as C2SP defines it (<https://c2sp.org/tlog-policy>): logs, witnesses, and how many
//! of which witnesses must have cosigned a checkpoint.

use std::collections::{HashMap, HashSet};
use std::str::FromStr;

use crate::limits;
use crate::note::{LogKey, NoteError};
use crate::witness::WitnessKey;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    pub logs: Vec<LogKey>,
    pub witnesses: Vec<Witness>,
    groups: HashMap<String, Group>,
    /// Nothing for `none`.
    quorum: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Witness {
    pub name: String,
    pub key: WitnessKey,
    /// Where it is asked, for those who ask it.
    pub url: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Group {
    threshold: usize,
    members: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("is no policy: line {line}: {reason}")]
pub struct PolicyError {
    pub line: usize,
    pub reason: &'static str,
}

impl Policy {
    /// The times at which the policy's witnesses have cosigned this note, newest first, where they are enough; seconds since
    /// the epoch. Only those from `from` to `to` count.
    pub fn witnessed(&self, note: &str, from: u64, to: u64) -> Result<Option<Vec<u64>>, NoteError> {
        let (mut names, mut times) = (HashSet::new(), Vec::new());
        for witness in &self.witnesses {
            if let Some(at) = witness.key.seen(note)?.filter(|at| (from..=to).contains(at)) {
                names.insert(witness.name.as_str());
                times.push(at);
            }
        }
        times.sort_unstable_by(|a, b| b.cmp(a));
        Ok(self.quorum.as_ref().is_none_or(|quorum| self.is_met(quorum, &names)).then_some(times))
    }

    /// Whether any witness has to have seen a checkpoint.
    pub const fn wants_witnesses(&self) -> bool {
        self.quorum.is_some()
    }

    fn is_met(&self, name: &str, witnesses: &HashSet<&str>) -> bool {
        match self.groups.get(name) {
            None => witnesses.contains(name),
            // A group names only what stands before it, so that this ends.
            Some(group) => {
                group.members.iter().filter(|member| self.is_met(member, witnesses)).count() >= group.threshold
            }
        }
    }

    fn knows(&self, name: &str) -> bool {
        self.groups.contains_key(name) || self.witnesses.iter().any(|witness| witness.name == name)
    }

    fn line(&mut self, words: &[&str], used: &mut HashSet<String>, quorums: &mut usize) -> Result<(), &'static str> {
        match words {
            ["log", key] | ["log", key, _] => self.log(key),
            ["witness", name, key] => self.witness(name, key, None),
            ["witness", name, key, url] => self.witness(name, key, Some((*url).to_owned())),
            ["group", name, threshold, members @ ..] => self.group(name, threshold, members, used),
            ["quorum", name] => {
                *quorums += 1;
                self.quorum = (*name != "none").then(|| (*name).to_owned());
                if *name == "none" || self.knows(name) { Ok(()) } else { Err("the quorum is not defined before it") }
            }
            _ => Err("it is none of log, witness, group and quorum"),
        }
    }

    fn log(&mut self, key: &str) -> Result<(), &'static str> {
        let key: LogKey = key.parse().map_err(|_| "the log's key is malformed")?;
        if self.logs.contains(&key) {
            return Err("the log stands here twice");
        }
        self.logs.push(key);
        Ok(())
    }

    fn witness(&mut self, name: &str, key: &str, url: Option<String>) -> Result<(), &'static str> {
        let key: WitnessKey = key.parse().map_err(|_| "the witness's key is malformed")?;
        if name == "none" || self.knows(name) || self.witnesses.iter().any(|other| other.key.is_same_key(&key)) {
            return Err("the witness stands here twice, or is called `none`");
        }
        self.witnesses.push(Witness { name: name.to_owned(), key, url });
        Ok(())
    }

    fn group(
        &mut self,
        name: &str,
        threshold: &str,
        members: &[&str],
        used: &mut HashSet<String>,
    ) -> Result<(), &'static str> {
        let threshold = match threshold {
            "any" => Some(1),
            "all" => Some(members.len()),
            digits => digits.parse().ok(),
        };
        let threshold = threshold.filter(|threshold| (1..=members.len()).contains(threshold));
        let threshold = threshold.ok_or("a group wants `any`, `all` or a number of its members")?;
        if name == "none" || self.knows(name) {
            return Err("the group's name is taken");
        }
        // Each witness counts once, by one way.
        if !members.iter().all(|member| self.knows(member) && used.insert((*member).to_owned())) {
            return Err("a group's members stand before it, and each in one group only");
        }
        self.groups
            .insert(name.to_owned(), Group { threshold, members: members.iter().map(ToString::to_string).collect() });
        Ok(())
    }
}

impl FromStr for Policy {
    type Err = PolicyError;

    fn from_str(text: &str) -> Result<Self, PolicyError> {
        let mut policy = Self { logs: Vec::new(), witnesses: Vec::new(), groups: HashMap::new(), quorum: None };
        let (mut used, mut quorums) = (HashSet::new(), 0);
        for (line, text) in (1..).zip(text.split_terminator('\n')) {
            let refuse = |reason| PolicyError { line, reason };
            if line > limits::POLICY_LINES_MAX || text.bytes().any(|byte| byte < 0x20 && byte != b'\t' || byte == 0x7f)
            {
                return Err(refuse("there are too many lines, or a control character"));
            }
            let words: Vec<&str> = text.split([' ', '\t']).filter(|word| !word.is_empty()).collect();
            if !words.first().is_none_or(|word| word.starts_with('#')) {
                policy.line(&words, &mut used, &mut quorums).map_err(refuse)?;
            }
        }
        if quorums != 1 {
            return Err(PolicyError { line: text.lines().count(), reason: "there is one line `quorum` in a policy" });
        }
        Ok(policy)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::digest::Digest;
    use crate::note::LogSigner;
    use crate::witness::WitnessSigner;

    fn witness(n: u8) -> WitnessSigner {
        WitnessSigner::from_seed(&format!("w{n}.example"), &[n; 32]).expect("a good name")
    }

    fn text(quorum: &str) -> String {
        let log = LogSigner::from_seed("log.example", &[9; 32]).expect("a good name").public();
        let witnesses: String =
            (1..=3).map(|n| format!("witness w{n} {} http://w{n}/\n", witness(n).public())).collect();
        format!("# ours\nlog {log}\n{witnesses}group two 2 w1 w2 w3\nquorum {quorum}\n")
    }

    #[test]
    fn enough_witnesses_at_the_right_time_make_a_quorum() {
        let policy: Policy = text("two").parse().expect("a policy");
        let log = LogSigner::from_seed("log.example", &[9; 32]).expect("a good name");
        let note = log.sign(1, Digest::of(b"r"));
        let by = |n: u8, at| witness(n).cosign(&note, at).expect("a note");
        let one = format!("{note}{}", by(1, 100));
        assert_eq!(policy.witnessed(&one, 50, 200), Ok(None));
        let two = format!("{one}{}", by(3, 120));
        assert_eq!(policy.witnessed(&two, 50, 200), Ok(Some(vec![120, 100])));
        assert_eq!(policy.witnessed(&two, 110, 200), Ok(None), "one of them is too old");
        let twice = format!("{one}{}", by(1, 130));
        assert_eq!(policy.witnessed(&twice, 50, 200), Ok(None), "one witness counts once");
        let none: Policy = text("none").parse().expect("a policy");
        assert_eq!((none.witnessed(&note, 0, 1), none.wants_witnesses()), (Ok(Some(vec![])), false));
    }

    #[test]
    fn what_breaks_the_format_is_refused_with_its_line() {
        assert!(text("w1").parse::<Policy>().is_ok());
        let broken = [
            text("w4"),
            text("two") + "quorum none\n",
            text("two").replace("group two 2", "group two 4"),
            text("two").replace("w1 w2 w3", "w1 w2 w4"),
            text("two").replace("w1 w2 w3", "w1 w1 w3"),
            text("two").replace("log ", "lag "),
            text("two").replace("quorum two\n", ""),
            text("two").replace(&witness(2).public().to_string(), &witness(1).public().to_string()),
        ];
        for (n, text) in broken.iter().enumerate() {
            assert!(text.parse::<Policy>().is_err(), "{n}: {text}");
        }
        assert_eq!(text("w4").parse::<Policy>().expect_err("unknown").line, 7);
    }
}
