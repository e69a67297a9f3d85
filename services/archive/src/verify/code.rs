//! What can be wrong, and what is to be done about it?
//!
//! The guide's chapter for auditors has the same list; a test holds the two together.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Makes the codes with what to do about each.
macro_rules! codes {
    ($($(#[$doc:meta])* $code:ident => $advice:literal;)*) => {
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "kebab-case")]
        pub enum Code {
            $($(#[$doc])* $code,)*
        }

        impl Code {
            pub const ALL: &[Self] = &[$(Self::$code),*];

            /// What to do about it.
            pub const fn advice(self) -> &'static str {
                match self {
                    $(Self::$code => $advice,)*
                }
            }
        }
    };
}

codes! {
    // -- the log's head --------------------------------------------------------------------
    /// The store has no `log/checkpoint`.
    CheckpointMissing => "check the key; else restore the object from a copy";
    /// The checkpoint is malformed or not signed by the key.
    CheckpointWrong => "check the key; else restore the object from a copy";
    /// The checkpoint has more events than the commits: commits were removed.
    CheckpointAhead => "stop writing and restore log/commits/ from a copy";
    /// The ledger has fewer events than an older checkpoint: its end was cut off.
    RolledBack => "stop writing; restore the newer log from a copy, or find out who cut it off";
    /// The policy's witnesses have not lately cosigned the checkpoint.
    NotWitnessed => "ask the witnesses what they saw last; without them nobody can say that this is the newest state";
    /// A time-stamped checkpoint is not signed by the key, or its token is for something else.
    TimestampWrong => "restore checkpoint and token from a copy";
    /// Two signed checkpoints do not continue each other: there are two histories.
    SplitView => "keep both checkpoints as evidence; somebody signed two histories with the log's key";
    /// The log's key was changed, and what proves that is gone.
    KeyChangeMissing => "restore the object from a copy; without it nobody comes from the old key to the new one";
    /// What should prove a change of the log's key does not, or there are two ways from one key.
    KeyChangeWrong => "keep it as evidence; ask by another way which key the log has now, and verify with that one";
    /// A number is missing in the chain of commits.
    CommitMissing => "stop writing and restore log/commits/ from a copy";
    /// A commit is malformed, unsigned, or does not fit the chain or the tree.
    CommitWrong => "restore the object from a copy";
    // -- the log ---------------------------------------------------------------------------
    /// Events are gone.
    EntriesMissing => "restore the object from a copy";
    /// Events are not those that were signed: one was changed, dropped or put in.
    EntriesWrong => "restore the object from a copy";
    /// A signed entry is no event.
    EventWrong => "keep the object as evidence; a writer that is not Chartroom holds the log's key";
    /// Hashes of the tree are gone.
    TileMissing => "restore the object from a copy; it also follows from the entries";
    /// Hashes of the tree do not follow from the entries.
    TileWrong => "restore the object from a copy; it also follows from the entries";
    /// Entries and tiles agree with each other but not with the signed root.
    RootWrong => "restore log/ from a copy; what is here was never signed";
    // -- what the log names ----------------------------------------------------------------
    /// A sealed manifest is gone.
    ManifestMissing => "restore the manifest from a copy";
    /// A manifest is changed, or does not fit its event or the version before it.
    ManifestWrong => "restore the manifest from a copy";
    /// A sealed blob is gone.
    BlobMissing => "restore the blob from a copy";
    /// A sealed blob is changed.
    BlobWrong => "restore the blob from a copy";
    /// The store gave an error for this object and for others not.
    Unreadable => "check disk and permissions, then verify again";
    // -- what the log tells ------------------------------------------------------------------
    /// An event or a manifest says that it is of another time than those around it.
    BackDated => "ask who had the server's clock, or the log's key, at that place in the ledger";
    /// A document's old version was sealed again after a newer one.
    Resurrected => "compare the versions on the document's proof page, and ask who sealed the old one again";
    /// A document's versions have a gap.
    VersionMissing => "ask where the version between went; a writer that is not Chartroom left it out";
    /// A document is in the store, and no event sealed it.
    Unlogged => "keep the object as evidence and find out who put it there; nothing vouches for it";
    // -- destructions ------------------------------------------------------------------------
    /// An object was destroyed with authority, and is there again.
    DestroyedButPresent => "find out who put it back, then run `chartroom destroy again`, which deletes it";
    /// Destruction was ordered by fewer than two people, or not as it was proposed.
    DestructionWrong => "ask who approved it; what it names is still needed, so restore it from a copy";
    // -- captures ----------------------------------------------------------------------------
    /// A document or a batch carries no signature of a station, where stations were enrolled.
    CaptureUnsigned => "ask the station for its journal of that batch; nobody signed for these pages";
    /// A document's pages, or a batch's counts, are not what the station signed.
    CaptureWrong => "compare with the station's journal; keep manifest and envelope as evidence";
    /// A station signed a document that the ledger does not have.
    CaptureMissing => "look for the document in the station's journal, and hand it over again";
    /// A batch is signed by, or the ledger enrols, a station that is not one of ours.
    StationUnknown => "find out whose key it is and who enrolled it; its captures are worth nothing until then";
    // -- bags ------------------------------------------------------------------------------
    /// It is no bag, or one that is not as RFC 8493 has it.
    BagMalformed => "ask for the bag anew; what is wrong with it, its maker has to know";
    /// A manifest of the bag lists a file that is not there.
    BagFileMissing => "ask for the file, or for the bag anew";
    /// A file of the bag is not what a manifest says.
    BagFileWrong => "ask for the file, or for the bag anew";
    /// A file is in the payload, and no manifest lists it.
    BagFileUnlisted => "find out who put it there; the bag's maker does not vouch for it";
    // -- notes -----------------------------------------------------------------------------
    /// (note) Nobody has signed for documents of a batch that is not closed yet.
    BatchOpen => "verify again once the batch is closed";
    /// (note) Stations are believed because the ledger enrols them.
    StationsByLedger => "give --stations FILE with the keys as their owners told you";
    /// (note) Tokens of time-stamping authorities, whose signatures are not checked here.
    Timestamps => "run openssl ts -verify with the authority's certificate for each";
    /// (note) The log's key was changed, and both keys say so.
    KeyChanged => "put the new key into your policy; if the old one was stolen, ask by another way whether it is the right one";
    /// (note) Two writers sealed one version; the first one counts.
    VersionTwice => "nothing; two servers wrote at once";
    /// (note) A blob or manifest that no event names: an upload that was cut off, or still runs.
    Orphan => "nothing, unless it stays after uploads have ended";
    /// (note) A commit or tile beyond the checkpoint.
    Unpublished => "open the archive once, which completes it";
    /// (note) The archive found this object damaged, and put it right from its other copy.
    Repaired => "nothing; the bytes that were there are in quarantine/, and tell what happened to the disk";
    /// (note) The archive found this object damaged, and had no good copy of it.
    DamageKnown => "restore the object from a copy, if it is a finding still";
    /// (note) Documents were destroyed with authority: nothing of them is missing.
    Destroyed => "nothing; ask the records office for the papers of that number, if you want to see them";
    /// (note) A destruction was ordered, and is not said to be carried out.
    DestructionOpen => "let the server run, or ask why it does not get on";
    /// (note) Bytes in quarantine of which no event tells: a repair was cut off.
    Quarantined => "keep them; they are what stood in that object's place";
    /// (note) The bag is written in a way that other readers may not forgive.
    BagOdd => "nothing, unless another program is to read it";
    /// (note) An object with a name that Chartroom does not give.
    UnknownObject => "find out who put it there";
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.serialize(f)
    }
}
