//! What a graph is compiled for: how much one binding holds, and how long which values keep their place.

use crate::graph::ir::{Node, NodeId};

/// What the passes and the planner may know of a device, and of what is wanted from it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// Four-channel vectors of one picture's value that fit into one binding.
    pub binding: usize,
    /// Values that can be read back once a frame was played.
    pub keep: Keep,
    /// Nodes of the graph as loaded whose values outlive the frame.
    pub persistent: Vec<NodeId>,
    /// Pictures of a batch, at least 1: what sums over it has one value for all of them.
    pub pictures: usize,
    /// Whether several values may live in one slot at the same time, side by side: fewer bytes are wasted where many live long.
    #[cfg(feature = "train")]
    pub shared: bool,
}

impl Default for Target {
    /// Bindings without an end, and nothing kept but the heads.
    fn default() -> Self {
        Self {
            binding: usize::MAX,
            keep: Keep::Heads,
            persistent: vec![],
            pictures: 1,
            #[cfg(feature = "train")]
            shared: false,
        }
    }
}

impl Target {
    /// How long the value of a node keeps its place (heads are saved as well).
    pub fn residence(&self, node: &Node) -> Residence {
        if self.persistent.contains(&node.origin) {
            Residence::Persistent
        } else if self.keep.wants(node.origin) {
            Residence::Saved
        } else {
            Residence::Transient
        }
    }

    /// Whether a node of the graph as loaded was asked for by its id, and so must have a value of its own.
    pub fn names(&self, origin: NodeId) -> bool {
        self.persistent.contains(&origin) || matches!(&self.keep, Keep::Nodes(nodes) if nodes.contains(&origin))
    }
}

/// How long a value keeps its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Residence {
    /// Until its last reader was played: then the place is another's.
    Transient,
    /// From its first writing to the end of the frame, for whoever comes after the last step.
    Saved,
    /// From one frame to the next: the place is nobody else's at any time.
    Persistent,
}

/// Which values outlive the frame's steps and can be read back.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Keep {
    /// The heads.
    #[default]
    Heads,
    /// The heads and these nodes of the graph as loaded.
    Nodes(Vec<NodeId>),
    /// Every value of the fused graph: no slot is used twice.
    All,
}

impl Keep {
    /// Whether a node with this origin is kept (heads aside).
    pub fn wants(&self, origin: NodeId) -> bool {
        match self {
            Self::Heads => false,
            Self::Nodes(nodes) => nodes.contains(&origin),
            Self::All => true,
        }
    }
}
