//! What the shop knows: users and orders, in memory and bounded.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::{ACCOUNTS, SECRET};

/// Number of the first order.
pub const FIRST_ORDER: u64 = 1001;
/// Orders at the start.
const ORDERS: u64 = 400;
/// Orders at most; the oldest make room.
const MOST_ORDERS: usize = 5_000;
/// Longest text kept of what a client sends, in characters.
const TEXT: usize = 200;
const ITEMS: [&str; 6] = ["telescope", "tripod", "star map", "eyepiece", "red torch", "lens cloth"];
/// States of an order.
pub const STATUSES: [&str; 4] = ["new", "paid", "shipped", "cancelled"];

/// Somebody.
#[derive(Debug, Clone)]
pub struct User {
    /// Number.
    pub id: u64,
    /// Name, which is also what they sign in with at the start.
    pub name: String,
    /// Address.
    pub email: String,
    /// `user` or `admin`.
    pub role: String,
}

impl User {
    /// As it is answered.
    pub fn json(&self) -> Value {
        json!({ "id": self.id, "name": self.name, "email": self.email, "role": self.role })
    }
}

/// Something bought.
#[derive(Debug, Clone)]
pub struct Order {
    /// Number.
    pub id: u64,
    /// Name of the user.
    pub owner: String,
    /// What.
    pub item: String,
    /// How many.
    pub quantity: u64,
    /// One of [`STATUSES`].
    pub status: &'static str,
    /// Remark.
    pub note: Option<String>,
}

impl Order {
    /// As it is answered.
    pub fn json(&self) -> Value {
        json!({
            "id": self.id, "owner": self.owner, "item": self.item, "quantity": self.quantity,
            "status": self.status, "note": self.note,
        })
    }
}

/// Everything.
#[derive(Debug)]
pub struct Shop {
    /// Users by number.
    pub users: BTreeMap<u64, User>,
    /// Orders by number.
    pub orders: BTreeMap<u64, Order>,
    /// What the tokens of its users are signed with.
    pub secret: Vec<u8>,
    next: u64,
}

impl Default for Shop {
    fn default() -> Self {
        let named = ACCOUNTS.iter().map(|(name, _, role)| ((*name).to_owned(), (*role).to_owned()));
        let others = (4..=40).map(|i| (format!("customer{i}"), "user".to_owned()));
        let users: BTreeMap<u64, User> = (1..)
            .zip(named.chain(others))
            .map(|(id, (name, role))| (id, User { id, email: format!("{name}@shop.example"), name, role }))
            .collect();
        // Numbers that look spread but never change, so that what is read of the shop can be written down.
        let pick = |n: u64, of: usize| usize::try_from(n * 7 % 31).unwrap_or(0) % of;
        let orders = (0..ORDERS)
            .map(|n| {
                let id = FIRST_ORDER + n;
                let order = Order {
                    id,
                    owner: ["alice", "bob", "customer4", "customer5"][pick(n, 4)].to_owned(),
                    item: ITEMS[pick(n + 3, ITEMS.len())].to_owned(),
                    quantity: n % 5 + 1,
                    status: STATUSES[pick(n + 1, STATUSES.len())],
                    note: None,
                };
                (id, order)
            })
            .collect();
        Self { users, orders, secret: SECRET.as_bytes().to_vec(), next: FIRST_ORDER + ORDERS }
    }
}

impl Shop {
    /// Places an order.
    ///
    /// # Errors
    /// What is wrong with the members, in one sentence.
    pub fn place(&mut self, owner: &str, members: &Map<String, Value>) -> Result<Order, String> {
        let item = text(members, "item", 80)?.ok_or("item is missing")?;
        let quantity = members.get("quantity").ok_or("quantity is missing")?;
        let quantity =
            quantity.as_u64().filter(|q| (1..=100).contains(q)).ok_or("quantity is a whole number from 1 to 100")?;
        let note = text(members, "note", TEXT)?;
        let order = Order { id: self.next, owner: owner.to_owned(), item, quantity, status: "new", note };
        self.next += 1;
        if self.orders.len() >= MOST_ORDERS {
            self.orders.pop_first();
        }
        self.orders.insert(order.id, order.clone());
        Ok(order)
    }

    /// Changes a user; `None` when there is none of that number. The role can be changed too, which the document does not
    /// say: a mass assignment, on purpose.
    ///
    /// # Errors
    /// What is wrong with the members, in one sentence.
    pub fn change(&mut self, id: u64, members: &Map<String, Value>) -> Result<Option<User>, String> {
        let (name, email, role) =
            (text(members, "name", 80)?, text(members, "email", TEXT)?, text(members, "role", 10)?);
        if email.as_ref().is_some_and(|e| !e.contains('@')) {
            return Err("email is not an address".to_owned());
        }
        if name.is_none() && email.is_none() && role.is_none() {
            return Err("nothing to change: name or email".to_owned());
        }
        let Some(user) = self.users.get_mut(&id) else { return Ok(None) };
        user.name = name.unwrap_or_else(|| std::mem::take(&mut user.name));
        user.email = email.unwrap_or_else(|| std::mem::take(&mut user.email));
        user.role = role.unwrap_or_else(|| std::mem::take(&mut user.role));
        Ok(Some(user.clone()))
    }
}

/// A text member; `None` when it is absent or null.
fn text(members: &Map<String, Value>, name: &str, longest: usize) -> Result<Option<String>, String> {
    match members.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(s)) if !s.is_empty() && s.chars().count() <= longest => Ok(Some(s.clone())),
        Some(_) => Err(format!("{name} is a text of 1 to {longest} characters")),
    }
}
