//! Nodes of the XPath data model over a parsed document, and the axes that connect them.
//!
//! ActiveMQ's parser drops comments, and texts that a comment separated are one text: comments
//! are skipped here, and a text behind a comment belongs to the text in front of it.

use super::expression::{Axis, NodeTest};
use roxmltree::{Node, NodeType};

const XML_NAMESPACE: &str = "http://www.w3.org/XML/1998/namespace";

/// A node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NodeRef<'d> {
    /// The root, an element, a text or a processing instruction.
    Tree(Node<'d, 'd>),
    /// The attribute of an element at this index.
    Attribute(Node<'d, 'd>, usize),
    /// The namespace in scope of an element at this index; behind the last one, that of `xml`.
    Namespace(Node<'d, 'd>, usize),
}

impl<'d> NodeRef<'d> {
    /// Orders nodes as they stand in the document.
    pub(super) fn order(&self) -> (u32, u8, usize) {
        match self {
            Self::Tree(node) => (node.id().get(), 0, 0),
            Self::Namespace(node, index) => (node.id().get(), 1, *index),
            Self::Attribute(node, index) => (node.id().get(), 2, *index),
        }
    }

    /// The node itself, or the element that it belongs to.
    pub(super) fn tree(&self) -> Node<'d, 'd> {
        match self {
            Self::Tree(node) | Self::Attribute(node, _) | Self::Namespace(node, _) => *node,
        }
    }

    /// The local part of its name; empty for a node without one.
    pub(super) fn local_name(&self) -> &'d str {
        match self {
            Self::Tree(node) => match node.pi() {
                Some(instruction) => instruction.target,
                None => node.tag_name().name(),
            },
            Self::Attribute(node, index) => node
                .attributes()
                .nth(*index)
                .map_or("", |attribute| attribute.name()),
            Self::Namespace(node, index) => match node.namespaces().nth(*index) {
                Some(namespace) => namespace.name().unwrap_or_default(),
                None => "xml",
            },
        }
    }

    pub(super) fn namespace(&self) -> &'d str {
        let uri = match self {
            Self::Tree(node) => node.tag_name().namespace(),
            Self::Attribute(node, index) => node
                .attributes()
                .nth(*index)
                .and_then(|attribute| attribute.namespace()),
            Self::Namespace(..) => None,
        };
        uri.unwrap_or_default()
    }

    /// The name as written in the document, with its prefix.
    pub(super) fn qualified_name(&self) -> &'d str {
        let node = self.tree();
        let written = node.document().input_text();
        match self {
            Self::Tree(node) if node.is_element() => {
                let start = node.range().start.saturating_add(1);
                name_at(written, start).unwrap_or_default()
            }
            Self::Attribute(node, index) => {
                let range = node
                    .attributes()
                    .nth(*index)
                    .map(|attribute| attribute.range());
                range
                    .and_then(|range| name_at(written, range.start))
                    .unwrap_or_default()
            }
            Self::Tree(_) | Self::Namespace(..) => self.local_name(),
        }
    }

    /// Calls `visit` with the parts of the node's text, in order, until it refuses.
    pub(super) fn visit_text<E>(
        &self,
        mut visit: impl FnMut(&'d str) -> Result<(), E>,
    ) -> Result<(), E> {
        match self {
            Self::Tree(node) => match node.node_type() {
                NodeType::Text => {
                    visit(node.text().unwrap_or_default())?;
                    for next in node.next_siblings().skip(1) {
                        match next.node_type() {
                            NodeType::Comment => {}
                            NodeType::Text => visit(next.text().unwrap_or_default())?,
                            _ => break,
                        }
                    }
                    Ok(())
                }
                NodeType::PI => visit(node.pi().and_then(|pi| pi.value).unwrap_or_default()),
                NodeType::Comment => Ok(()),
                NodeType::Root | NodeType::Element => {
                    for inner in node.descendants() {
                        if inner.is_text() {
                            visit(inner.text().unwrap_or_default())?;
                        } else {
                            visit("")?;
                        }
                    }
                    Ok(())
                }
            },
            Self::Attribute(node, index) => visit(
                node.attributes()
                    .nth(*index)
                    .map_or("", |attribute| attribute.value()),
            ),
            Self::Namespace(node, index) => visit(
                node.namespaces()
                    .nth(*index)
                    .map_or(XML_NAMESPACE, |space| space.uri()),
            ),
        }
    }

    fn is_element(&self) -> bool {
        matches!(self, Self::Tree(node) if node.is_element())
    }

    fn is_type(&self, kind: NodeType) -> bool {
        matches!(self, Self::Tree(node) if node.node_type() == kind)
    }

    /// Whether the node passes a test on an axis. A prefix is the caller's to refuse.
    pub(super) fn passes(&self, test: &NodeTest, axis: Axis) -> bool {
        let is_principal = match axis {
            Axis::Attribute => matches!(self, Self::Attribute(..)),
            Axis::Namespace => matches!(self, Self::Namespace(..)),
            _ => self.is_element(),
        };
        match test {
            NodeTest::AnyNode => true,
            NodeTest::Text => self.is_type(NodeType::Text),
            NodeTest::Comment | NodeTest::Prefixed => false,
            NodeTest::ProcessingInstruction(target) => {
                self.is_type(NodeType::PI)
                    && target
                        .as_deref()
                        .is_none_or(|target| target == self.local_name())
            }
            NodeTest::AnyName => is_principal,
            NodeTest::Name(name) => {
                is_principal && self.local_name() == &**name && self.namespace().is_empty()
            }
        }
    }

    /// The parent; that of an attribute is its element.
    fn parent(&self) -> Option<Self> {
        match self {
            Self::Tree(node) => node.parent().map(Self::Tree),
            Self::Attribute(node, _) | Self::Namespace(node, _) => Some(Self::Tree(*node)),
        }
    }

    /// The nodes of an axis, in the axis's direction.
    pub(super) fn axis(self, axis: Axis) -> Box<dyn Iterator<Item = NodeRef<'d>> + 'd> {
        let node = self.tree();
        let is_tree = matches!(self, Self::Tree(_));
        match axis {
            Axis::Itself => Box::new(std::iter::once(self)),
            Axis::Parent => Box::new(self.parent().into_iter()),
            Axis::Ancestor => Box::new(std::iter::successors(self.parent(), |parent| {
                parent.parent()
            })),
            Axis::AncestorOrSelf => {
                Box::new(std::iter::successors(Some(self), |parent| parent.parent()))
            }
            Axis::Attribute if self.is_element() => {
                Box::new((0..node.attributes().len()).map(move |at| Self::Attribute(node, at)))
            }
            Axis::Namespace if self.is_element() => Box::new(namespaces(node)),
            Axis::Child if is_tree => visible(node.children()),
            Axis::Descendant if is_tree => visible(node.descendants().skip(1)),
            Axis::DescendantOrSelf if is_tree => visible(node.descendants()),
            Axis::DescendantOrSelf => Box::new(std::iter::once(self)),
            Axis::FollowingSibling if is_tree => visible(node.next_siblings().skip(1)),
            Axis::PrecedingSibling if is_tree => visible(node.prev_siblings().skip(1)),
            Axis::Following => following(node, is_tree),
            Axis::Preceding => visible(
                node.ancestors()
                    .flat_map(|ancestor| ancestor.prev_siblings().skip(1))
                    .flat_map(|sibling| sibling.descendants().rev()),
            ),
            Axis::Attribute
            | Axis::Namespace
            | Axis::Child
            | Axis::Descendant
            | Axis::FollowingSibling
            | Axis::PrecedingSibling => Box::new(std::iter::empty()),
        }
    }
}

/// Nodes behind the end of `node`; behind an attribute come its element's contents first.
fn following<'d>(node: Node<'d, 'd>, is_tree: bool) -> Box<dyn Iterator<Item = NodeRef<'d>> + 'd> {
    let inside = (!is_tree).then(|| node.descendants().skip(1));
    let behind = node
        .ancestors()
        .flat_map(|ancestor| ancestor.next_siblings().skip(1))
        .flat_map(|sibling| sibling.descendants());
    visible(inside.into_iter().flatten().chain(behind))
}

fn namespaces<'d>(node: Node<'d, 'd>) -> impl Iterator<Item = NodeRef<'d>> + 'd {
    let declared = node.namespaces().len();
    let has_xml = node.namespaces().any(|space| space.name() == Some("xml"));
    let count = declared.saturating_add(usize::from(!has_xml));
    (0..count).map(move |at| NodeRef::Namespace(node, at))
}

fn visible<'d>(
    nodes: impl Iterator<Item = Node<'d, 'd>> + 'd,
) -> Box<dyn Iterator<Item = NodeRef<'d>> + 'd> {
    Box::new(nodes.filter(is_visible).map(NodeRef::Tree))
}

/// Not a comment, and not a text that continues another one behind a comment.
fn is_visible(node: &Node<'_, '_>) -> bool {
    match node.node_type() {
        NodeType::Comment => false,
        NodeType::Text => {
            let before = node
                .prev_siblings()
                .skip(1)
                .find(|before| !before.is_comment());
            !before.is_some_and(|before| before.is_text())
        }
        NodeType::Root | NodeType::Element | NodeType::PI => true,
    }
}

/// The qualified name at an offset of the document.
fn name_at(text: &str, start: usize) -> Option<&str> {
    let rest = text.get(start..)?;
    let ends =
        |character: char| character.is_ascii_whitespace() || matches!(character, '/' | '>' | '=');
    let end = rest.find(ends).unwrap_or(rest.len());
    rest.get(..end)
}
