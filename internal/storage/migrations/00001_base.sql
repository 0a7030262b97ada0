-- +goose Up

-- Written once for both engines; dialect.go says which words are exchanged for SQLite.
-- Times are milliseconds since 1970 (UTC), days are days since 1970-01-01 in Seoul, money is won. No price is above a
-- trillion won, so that no sum of purchases overflows.

-- What this database is: where its stock comes from. And what admins decided about the exchange (office.Settings); version
-- grows with each change.
CREATE TABLE settings (
    name    TEXT   NOT NULL PRIMARY KEY,
    value   TEXT   NOT NULL,
    version BIGINT NOT NULL DEFAULT 1
);
-- The keys that this database is encrypted with, each encrypted itself by a master key that is not in it. Number 0 is the
-- root, from which the keys that hash and sign are derived; the others are data keys, and mark is what all begins with that
-- one of them sealed. state: 1 announced, to be learnt by all nodes; 2 seals; 3 leaves, and goes when nothing is left
-- that it sealed. (The root has 2.)
CREATE TABLE vault_keys (
    number      BIGINT   NOT NULL PRIMARY KEY,
    mark        BYTEA    NOT NULL UNIQUE,
    state       SMALLINT NOT NULL,
    master      BIGINT   NOT NULL,
    sealed      BYTEA    NOT NULL,
    fingerprint TEXT     NOT NULL,
    created_at  BIGINT   NOT NULL,
    changed_seq BIGINT   NOT NULL
);
-- Who makes order numbers with which node number, and up to which time. A number is free when expires_at, by the
-- database's clock, is over; whoever takes it goes on at ids_before, by the clock that orders are dated with. partners_seq and
-- keys_seq are the place on the change clock up to which the holder has read the partners and the vault's keys; 0 = it keeps
-- none in memory.
CREATE TABLE node_leases (
    number       BIGINT NOT NULL PRIMARY KEY,
    token        TEXT   NOT NULL DEFAULT '',
    expires_at   BIGINT NOT NULL DEFAULT 0,
    ids_before   BIGINT NOT NULL DEFAULT 0,
    partners_seq BIGINT NOT NULL DEFAULT 0,
    keys_seq     BIGINT NOT NULL DEFAULT 0
) /*often updated*/;
WITH RECURSIVE numbers (number) AS (SELECT 0 UNION ALL SELECT number + 1 FROM numbers WHERE number < 511)
INSERT INTO node_leases (number) SELECT number FROM numbers;

-- One row. Whoever changes what a node keeps in memory takes the next number, writes it into the rows it changed, and
-- keeps the row locked until COMMIT: numbers become visible in order, so "everything above the last one I saw" is exact.
CREATE TABLE change_clock (
    id  BIGINT NOT NULL PRIMARY KEY,
    seq BIGINT NOT NULL
);
INSERT INTO change_clock (id, seq) VALUES (1, 1);
-- A load of many rows writes its own negative id where others write the clock's number, and takes that number last, into
-- seq. It is 0 while the load goes on.
CREATE TABLE loads (
    id  BIGINT NOT NULL PRIMARY KEY,
    seq BIGINT NOT NULL
);
CREATE INDEX loads_seq ON loads (seq);

-- Who may sign in to the console. An e-mail address is kept in lower case. totp_secret is encrypted, NULL = no second
-- factor; totp_step is the last time step whose code was used.
CREATE TABLE operators (
    id            BIGINT   NOT NULL PRIMARY KEY,
    email         TEXT     NOT NULL UNIQUE,
    name          TEXT     NOT NULL,
    role          TEXT     NOT NULL,
    password_hash TEXT     NOT NULL,
    totp_secret   BYTEA,
    totp_step     BIGINT   NOT NULL DEFAULT 0,
    disabled      SMALLINT NOT NULL DEFAULT 0,
    version       BIGINT   NOT NULL DEFAULT 1,
    created_at    BIGINT   NOT NULL
);
-- Browsers that are signed in. The cookie itself is not kept.
CREATE TABLE sessions (
    token_hash  BYTEA  NOT NULL PRIMARY KEY,
    operator_id BIGINT NOT NULL REFERENCES operators (id),
    created_at  BIGINT NOT NULL,
    seen_at     BIGINT NOT NULL,
    expires_at  BIGINT NOT NULL,
    address     TEXT   NOT NULL,
    agent       TEXT   NOT NULL
) /*clustered*/;
CREATE INDEX sessions_operator ON sessions (operator_id);
CREATE INDEX sessions_expiry ON sessions (expires_at);
-- Wrong passwords, by account (of one that does not exist a hash) and by address (then email is empty), since the last right one.
CREATE TABLE sign_in_failures (
    email    TEXT   NOT NULL,
    address  TEXT   NOT NULL,
    failures BIGINT NOT NULL,
    last_at  BIGINT NOT NULL,
    PRIMARY KEY (email, address)
);
CREATE INDEX sign_in_failures_age ON sign_in_failures (last_at);
-- Who changed what. A line is written in the transaction of the change; before_state and after_state are JSON. Lines form a chain
-- (internal/trail): number is the line's place in it, digest is that of what it says, and hash that of the hash before it and the
-- digest. A seal is the salt that a text's digest was made with; of a text that was erased it is the digest, and the text is ''.
CREATE TABLE audit (
    id           BIGINT NOT NULL PRIMARY KEY,
    number       BIGINT NOT NULL UNIQUE,
    at           BIGINT NOT NULL,
    operator_id  BIGINT NOT NULL,
    actor        TEXT   NOT NULL,
    actor_seal   BYTEA  NOT NULL,
    address      TEXT   NOT NULL,
    address_seal BYTEA  NOT NULL,
    action       TEXT   NOT NULL,
    subject      TEXT   NOT NULL,
    before_state TEXT   NOT NULL,
    after_state  TEXT   NOT NULL,
    note         TEXT   NOT NULL,
    content_seal BYTEA  NOT NULL,
    digest       BYTEA  NOT NULL,
    hash         BYTEA  NOT NULL
);
CREATE INDEX audit_subject ON audit (subject, id);
CREATE INDEX audit_operator ON audit (operator_id, id);
CREATE INDEX audit_action ON audit (action, id);
CREATE INDEX audit_subject_action ON audit (subject, action, id);
CREATE INDEX audit_operator_action ON audit (operator_id, action, id);
-- For forgetting.
CREATE INDEX audit_addresses ON audit (id) WHERE address <> '';
-- One row: how many lines the chain has, and hash and time of the last one. Whoever writes lines locks it, after all else
-- that its transaction locks, until COMMIT.
CREATE TABLE audit_head (
    id    BIGINT NOT NULL PRIMARY KEY,
    lines BIGINT NOT NULL,
    hash  BYTEA  NOT NULL,
    at    BIGINT NOT NULL
) /*often updated*/;
INSERT INTO audit_head (id, lines, hash, at) VALUES (1, 0, CAST('' AS BYTEA), 0);

-- hears = 1: the partner has an endpoint that is switched on, so that what happens to it is written down as an event; that of
-- sandbox partners always is. A balance that falls below low_balance is such an event; 0 = never. A sandbox partner's clock is
-- clock_ahead milliseconds ahead of everybody's; while it is, the partner is told by itself of what expires, and was so up to
-- told_day. lent_at is when a sandbox that is there to be lent was last lent; NULL = it is somebody's own.
CREATE TABLE partners (
    id            BIGINT   NOT NULL PRIMARY KEY,
    name          TEXT     NOT NULL UNIQUE,
    title         TEXT     NOT NULL,
    state         SMALLINT NOT NULL,
    sandbox       SMALLINT NOT NULL,
    allow_list    TEXT     NOT NULL DEFAULT '',
    daily_limit   BIGINT   NOT NULL DEFAULT 0 CHECK (daily_limit >= 0),
    duplicate_sec BIGINT   NOT NULL DEFAULT 10 CHECK (duplicate_sec >= 0),
    low_balance   BIGINT   NOT NULL DEFAULT 0 CHECK (low_balance >= 0),
    hears         SMALLINT NOT NULL DEFAULT 0,
    clock_ahead   BIGINT   NOT NULL DEFAULT 0 CHECK (clock_ahead >= 0 AND (sandbox = 1 OR clock_ahead = 0)),
    told_day      BIGINT   NOT NULL DEFAULT 0,
    lent_at       BIGINT   CHECK (sandbox = 1 OR lent_at IS NULL),
    created_at    BIGINT   NOT NULL,
    changed_seq   BIGINT   NOT NULL
);
CREATE INDEX partners_changed ON partners (changed_seq);
CREATE INDEX partners_ahead ON partners (id) WHERE clock_ahead > 0;
CREATE INDEX partners_lent ON partners (lent_at, id) WHERE lent_at IS NOT NULL;

-- A generation of a partner's secrets. Only keyed hashes are kept. A rotated generation works until expires_at; of those that ended,
-- only the newest are kept.
CREATE TABLE partner_keys (
    id            BIGINT NOT NULL PRIMARY KEY,
    partner_id    BIGINT NOT NULL REFERENCES partners (id),
    key_hash      BYTEA  NOT NULL UNIQUE,
    token_hash    BYTEA  NOT NULL,
    refresh_hash  BYTEA  NOT NULL,
    created_at    BIGINT NOT NULL,
    expires_at    BIGINT
);
CREATE INDEX partner_keys_partner ON partner_keys (partner_id);

-- The ledger. Every amount is a credit when positive; the entries of a transaction add up to zero.
CREATE TABLE accounts (
    id       BIGINT NOT NULL PRIMARY KEY,
    kind     TEXT   NOT NULL,
    owner_id BIGINT NOT NULL,
    balance  BIGINT NOT NULL,
    UNIQUE (kind, owner_id),
    CHECK (kind <> 'prepaid' OR balance >= 0)
) /*often updated*/;
-- Heads of all transactions but purchases, whose head is the order of the same id.
CREATE TABLE ledger_transactions (
    id        BIGINT NOT NULL PRIMARY KEY,
    kind      TEXT   NOT NULL,
    order_id  BIGINT,
    reference TEXT   UNIQUE,
    memo      TEXT   NOT NULL,
    at        BIGINT NOT NULL
);
CREATE INDEX ledger_transactions_kind ON ledger_transactions (kind, id);
CREATE INDEX ledger_transactions_order ON ledger_transactions (order_id) WHERE order_id IS NOT NULL;
CREATE TABLE entries (
    account_id BIGINT NOT NULL,
    txn_id     BIGINT NOT NULL,
    amount     BIGINT NOT NULL CHECK (amount <> 0),
    PRIMARY KEY (account_id, txn_id)
) /*clustered*/;
-- Which accounts a transaction that is no purchase moved, so that its entries are found. A purchase's are found without:
-- it moves its partner's account and one of the few sales accounts, and writes nothing here.
CREATE TABLE moved_accounts (
    txn_id     BIGINT NOT NULL,
    account_id BIGINT NOT NULL,
    kind       TEXT   NOT NULL,
    PRIMARY KEY (txn_id, account_id)
) /*clustered*/;
CREATE INDEX moved_accounts_account ON moved_accounts (account_id, kind, txn_id);
-- Closing balances of the days before next_day, summed up in the background: a row for each account and day with entries.
-- The balance at a moment is the last closing before it and the entries since. reopened counts how often days were opened again
-- that a clock had closed too early.
CREATE TABLE account_days (
    account_id BIGINT NOT NULL,
    day        BIGINT NOT NULL,
    balance    BIGINT NOT NULL,
    PRIMARY KEY (account_id, day)
) /*clustered*/;
CREATE TABLE account_days_cursor (
    id       BIGINT NOT NULL PRIMARY KEY,
    next_day BIGINT NOT NULL,
    reopened BIGINT NOT NULL DEFAULT 0
);
INSERT INTO account_days_cursor (id, next_day) VALUES (1, 0);
-- Credits and debits of a partner's balance that are neither deposits nor purchases. state: 1 waits for a second person's
-- approval, 2 booked as txn_id, 3 refused. request is what tells a form sent twice from two adjustments.
CREATE TABLE adjustments (
    id              BIGINT   NOT NULL PRIMARY KEY,
    partner_id      BIGINT   NOT NULL REFERENCES partners (id),
    amount          BIGINT   NOT NULL CHECK (amount <> 0),
    reason          TEXT     NOT NULL,
    state           SMALLINT NOT NULL,
    request         TEXT     NOT NULL UNIQUE,
    asked_by        BIGINT   NOT NULL,
    asked_name      TEXT     NOT NULL,
    asked_at        BIGINT   NOT NULL,
    decided_by      BIGINT,
    decided_name    TEXT,
    decided_at      BIGINT,
    txn_id          BIGINT   UNIQUE
);
CREATE INDEX adjustments_partner ON adjustments (partner_id, id);
CREATE INDEX adjustments_waiting ON adjustments (id) WHERE state = 1;

-- Which line of the audit trail says what a partner's statement of a month says: a receipt, which the partner asked for. It is of a
-- month all days of which are closed, so it goes on being true.
CREATE TABLE receipts (
    partner_id BIGINT NOT NULL REFERENCES partners (id),
    first_day  BIGINT NOT NULL,
    last_day   BIGINT NOT NULL,
    audit_id   BIGINT NOT NULL UNIQUE,
    PRIMARY KEY (partner_id, first_day),
    CHECK (first_day <= last_day)
) /*clustered*/;

-- Answers that support is asked about, without anything secret: refusals and purchases, not all when there are many, for some
-- days. Ids are in time order. proven = 0: only the partner's name was given, not its keys.
CREATE TABLE partner_calls (
    id         BIGINT   NOT NULL PRIMARY KEY,
    partner_id BIGINT   NOT NULL,
    proven     SMALLINT NOT NULL,
    at         BIGINT   NOT NULL,
    endpoint   TEXT     NOT NULL,
    code       TEXT     NOT NULL,
    message    TEXT     NOT NULL,
    request    TEXT     NOT NULL,
    took_ms    BIGINT   NOT NULL,
    node       BIGINT   NOT NULL
);
CREATE INDEX partner_calls_partner ON partner_calls (partner_id, id);
CREATE INDEX partner_calls_code ON partner_calls (partner_id, code, id);
CREATE INDEX partner_calls_endpoint ON partner_calls (partner_id, endpoint, id);

-- What happened, as partners are told it (gift.Event); partner_id 0 = told to all. Written in the transaction that made it
-- true, of partners that hear.
CREATE TABLE events (
    id         BIGINT NOT NULL PRIMARY KEY,
    type       TEXT   NOT NULL,
    partner_id BIGINT NOT NULL,
    order_id   BIGINT NOT NULL,
    data       TEXT   NOT NULL,
    trace      TEXT   NOT NULL DEFAULT ''
);
CREATE INDEX events_partner ON events (partner_id, id);
-- Where partners want to be told. types has the chosen event types with a space before and behind each, '' = all. state: 1 on,
-- 2 switched off, 3 given up by the server, because off_reason. Secrets are encrypted; the one before works until
-- previous_until. failing_since is when the present row of failures began. A node that delivers holds the lease: the token is
-- the process's own, leased_until by the database's clock. One that was removed has no secrets any more and is off; its row goes
-- when no transaction can be left that would tell it anything.
CREATE TABLE endpoints (
    id              BIGINT   NOT NULL PRIMARY KEY,
    partner_id      BIGINT   NOT NULL REFERENCES partners (id),
    url             TEXT     NOT NULL,
    types           TEXT     NOT NULL,
    state           SMALLINT NOT NULL,
    off_reason      TEXT     NOT NULL DEFAULT '',
    given_up_at     BIGINT,
    secret          BYTEA    NOT NULL,
    previous        BYTEA,
    previous_until  BIGINT,
    failing_since   BIGINT,
    version         BIGINT   NOT NULL DEFAULT 1,
    created_at      BIGINT   NOT NULL,
    removed_at      BIGINT,
    lease_token     TEXT     NOT NULL DEFAULT '',
    leased_until    BIGINT   NOT NULL DEFAULT 0
) /*often updated*/;
CREATE INDEX endpoints_partner ON endpoints (partner_id);
CREATE INDEX endpoints_on ON endpoints (id) WHERE state = 1;
CREATE INDEX endpoints_leased ON endpoints (lease_token) WHERE lease_token <> '';
CREATE INDEX endpoints_given_up ON endpoints (given_up_at) WHERE given_up_at IS NOT NULL;
CREATE INDEX endpoints_removed ON endpoints (removed_at) WHERE removed_at IS NOT NULL;
-- An event on its way to an endpoint. state: 1 waits until due_at, 2 delivered, 3 given up. What is kept of answers is that of
-- the last attempt. An event that waits behind another of its order is due no earlier than that.
CREATE TABLE deliveries (
    endpoint_id BIGINT   NOT NULL,
    event_id    BIGINT   NOT NULL,
    order_id    BIGINT   NOT NULL,
    state       SMALLINT NOT NULL DEFAULT 1,
    attempts    BIGINT   NOT NULL DEFAULT 0,
    due_at      BIGINT   NOT NULL,
    tried_at    BIGINT,
    took_ms     BIGINT   NOT NULL DEFAULT 0,
    status      BIGINT   NOT NULL DEFAULT 0,
    failure     TEXT     NOT NULL DEFAULT '',
    answer      TEXT     NOT NULL DEFAULT '',
    PRIMARY KEY (endpoint_id, event_id)
) /*often updated*/;
CREATE INDEX deliveries_due ON deliveries (endpoint_id, due_at, event_id) WHERE state = 1;
-- For what waits behind another of its order, and of no use for anything else: PostgreSQL took it for the one before, where it
-- knew nothing of what was in them.
CREATE INDEX deliveries_order ON deliveries (endpoint_id, order_id, event_id) WHERE state = 1 AND order_id <> 0;
-- By which those that were given up are listed, and sent again.
CREATE INDEX deliveries_abandoned ON deliveries (endpoint_id, event_id) WHERE state = 3;

-- Background work of the whole house, a row for each job. It is due at due_at, and dated, by the clock that orders are dated
-- with; the node that does it holds the lease, by the database's clock. done counts what the last run that ended well did.
CREATE TABLE jobs (
    name          TEXT   NOT NULL PRIMARY KEY,
    due_at        BIGINT NOT NULL DEFAULT 0,
    lease_token   TEXT   NOT NULL DEFAULT '',
    leased_until  BIGINT NOT NULL DEFAULT 0,
    node          BIGINT NOT NULL DEFAULT 0,
    began_at      BIGINT,
    ended_at      BIGINT,
    succeeded_at  BIGINT,
    took_ms       BIGINT NOT NULL DEFAULT 0,
    done          BIGINT NOT NULL DEFAULT 0,
    failures      BIGINT NOT NULL DEFAULT 0,
    failing_since BIGINT,
    failure       TEXT   NOT NULL DEFAULT ''
) /*often updated*/;
-- How far partners were told of what comes with the days, a row for each sort of notice: of all offers with an earlier last
-- day, of those with this one and a lower number, and of this offer's units or orders up to a place and a line.
CREATE TABLE notices (
    name     TEXT   NOT NULL PRIMARY KEY,
    last_day BIGINT NOT NULL,
    offer_id BIGINT NOT NULL DEFAULT 0,
    place    BIGINT NOT NULL DEFAULT 0,
    line     BIGINT NOT NULL DEFAULT 0
);

CREATE TABLE categories (
    id          BIGINT   NOT NULL PRIMARY KEY,
    kind        SMALLINT NOT NULL,
    name        TEXT     NOT NULL,
    thumb       TEXT     NOT NULL,
    sort        BIGINT   NOT NULL,
    changed_seq BIGINT   NOT NULL
);
CREATE INDEX categories_changed ON categories (changed_seq, id);
-- added_seq of what offers refer to is what changed_seq was when a load stored the row; 0 = it was stored otherwise. While both are
-- equal, nothing of it was ever anything else.
CREATE TABLE brands (
    id          BIGINT   NOT NULL PRIMARY KEY,
    category_id BIGINT   NOT NULL REFERENCES categories (id),
    name        TEXT     NOT NULL,
    thumb       TEXT     NOT NULL,
    in_use      SMALLINT NOT NULL,
    changed_seq BIGINT   NOT NULL,
    added_seq   BIGINT   NOT NULL DEFAULT 0
);
CREATE INDEX brands_changed ON brands (changed_seq, id);
CREATE TABLE products (
    id          BIGINT NOT NULL PRIMARY KEY,
    brand_id    BIGINT NOT NULL REFERENCES brands (id),
    name        TEXT   NOT NULL,
    face        BIGINT NOT NULL CHECK (face BETWEEN 0 AND 1000000000000),
    thumb       TEXT   NOT NULL,
    changed_seq BIGINT NOT NULL,
    added_seq   BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX products_changed ON products (changed_seq, id);
CREATE INDEX products_brand ON products (brand_id, id);
CREATE TABLE shops (
    id          BIGINT NOT NULL PRIMARY KEY,
    category_id BIGINT NOT NULL REFERENCES categories (id),
    name        TEXT   NOT NULL,
    thumb       TEXT   NOT NULL,
    province    TEXT   NOT NULL,
    district    TEXT   NOT NULL,
    town        TEXT   NOT NULL,
    map_url     TEXT   NOT NULL,
    changed_seq BIGINT NOT NULL,
    added_seq   BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX shops_changed ON shops (changed_seq, id);
-- Who may redeem a shop's coupons. The times of the last wrong codes, the newest first, are kept apart for whom they are counted, so that
-- nobody locks a seller to others: a live partner's id, or 0 strangers at a coupon's page, -1 sandbox coupons, -2 browsers that know the
-- seller; 0 = none. changed_seq is the version that operators' changes are checked against.
CREATE TABLE sellers (
    id          BIGINT NOT NULL PRIMARY KEY,
    shop_id     BIGINT NOT NULL REFERENCES shops (id),
    name        TEXT   NOT NULL,
    code_hash   TEXT   NOT NULL,
    changed_seq BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX sellers_shop ON sellers (shop_id);
CREATE TABLE seller_attempts (
    seller_id    BIGINT   NOT NULL REFERENCES sellers (id),
    guesser      BIGINT   NOT NULL,
    wrong_1      BIGINT   NOT NULL,
    wrong_2      BIGINT   NOT NULL DEFAULT 0,
    wrong_3      BIGINT   NOT NULL DEFAULT 0,
    wrong_4      BIGINT   NOT NULL DEFAULT 0,
    locked_until BIGINT   NOT NULL DEFAULT 0,
    PRIMARY KEY (seller_id, guesser)
);
CREATE TABLE campaigns (
    id          BIGINT   NOT NULL PRIMARY KEY,
    shop_id     BIGINT   NOT NULL REFERENCES shops (id),
    coupon_name TEXT     NOT NULL,
    product     TEXT     NOT NULL,
    terms       TEXT     NOT NULL,
    free        SMALLINT NOT NULL,
    price       BIGINT   NOT NULL CHECK (price BETWEEN 0 AND 1000000000000),
    org_price   BIGINT   NOT NULL CHECK (org_price BETWEEN 0 AND 1000000000000),
    discount    BIGINT   NOT NULL CHECK (discount BETWEEN 0 AND 1000000000000),
    member_type TEXT     NOT NULL,
    maker       TEXT     NOT NULL,
    thumb       TEXT     NOT NULL,
    image       TEXT     NOT NULL,
    image2      TEXT     NOT NULL,
    changed_seq BIGINT   NOT NULL,
    added_seq   BIGINT   NOT NULL DEFAULT 0
);
CREATE INDEX campaigns_changed ON campaigns (changed_seq, id);
CREATE INDEX campaigns_shop ON campaigns (shop_id, id);

-- Stock. The units of an offer stand at positions 1, 2, …, last_position; those below next_position are sold. Selling
-- moves next_position and touches no unit, so a purchase costs the same whatever was sold before. Withdrawn units, which are
-- never sold, stand below -1000000000000000: no purchase looks there, and their numbers stay known. Quotes may hold some of the
-- free units until held_until at the latest. added_seq, stocked_seq, priced_seq and altered_seq are what changed_seq was when the
-- offer was stored, when it was last put on sale again, when its prices last changed, and when an operator last changed anything
-- else of it; 0 = never. By these partners are told what became of an offer.
CREATE TABLE offers (
    id            BIGINT   NOT NULL PRIMARY KEY,
    kind          SMALLINT NOT NULL,
    product_id    BIGINT   REFERENCES products (id),
    campaign_id   BIGINT   REFERENCES campaigns (id),
    face          BIGINT   NOT NULL CHECK (face BETWEEN 0 AND 1000000000000),
    price_far     BIGINT   NOT NULL CHECK (price_far BETWEEN 0 AND 1000000000000),
    price_mid     BIGINT   NOT NULL CHECK (price_mid BETWEEN 0 AND 1000000000000),
    price_near    BIGINT   NOT NULL CHECK (price_near BETWEEN 0 AND 1000000000000),
    last_day      BIGINT   NOT NULL,
    stopped       SMALLINT NOT NULL DEFAULT 0,
    once_per      SMALLINT NOT NULL DEFAULT 0,
    next_position BIGINT   NOT NULL DEFAULT 1,
    last_position BIGINT   NOT NULL DEFAULT 0,
    last_partner  BIGINT   NOT NULL DEFAULT 0,
    last_order    BIGINT   NOT NULL DEFAULT 0,
    held_until    BIGINT   NOT NULL DEFAULT 0,
    changed_seq   BIGINT   NOT NULL,
    added_seq     BIGINT   NOT NULL,
    stocked_seq   BIGINT   NOT NULL DEFAULT 0,
    priced_seq    BIGINT   NOT NULL DEFAULT 0,
    altered_seq   BIGINT   NOT NULL DEFAULT 0,
    CHECK (next_position BETWEEN 1 AND last_position + 1),
    CHECK ((product_id IS NULL) <> (campaign_id IS NULL))
) /*often updated*/;
CREATE INDEX offers_changed ON offers (changed_seq, id);
-- One index of products for lists, and for the offer that a file's vouchers join: of two, PostgreSQL would take either.
CREATE INDEX offers_product ON offers (product_id, id, last_day) WHERE product_id IS NOT NULL;
CREATE INDEX offers_campaign ON offers (campaign_id, id) WHERE campaign_id IS NOT NULL;
CREATE INDEX offers_last_day ON offers (last_day, id);
CREATE INDEX offers_stopped ON offers (id) WHERE stopped = 1;
-- tail_hash finds numbers by their last four characters without decrypting any; many numbers share one.
CREATE TABLE units (
    id          BIGINT NOT NULL PRIMARY KEY,
    offer_id    BIGINT NOT NULL REFERENCES offers (id),
    position    BIGINT NOT NULL,
    number      BYTEA,
    number_hash BYTEA  UNIQUE,
    tail_hash   BYTEA,
    UNIQUE (offer_id, position)
);
CREATE INDEX units_tail ON units (tail_hash) WHERE tail_hash IS NOT NULL;
-- By the key that sealed the number: what a key that leaves has sealed is found, and that there is nothing left.
CREATE INDEX units_mark ON units (substr(number, 1, 4), id) WHERE number IS NOT NULL;

-- How prices of gifticons are made from their face values, in tenths of a percent, when an operator applies the rules: a
-- brand's rule goes before its category's, and that before the one for all, whose scope_id is 0.
CREATE TABLE price_rules (
    id          BIGINT NOT NULL PRIMARY KEY,
    scope       TEXT   NOT NULL CHECK (scope IN ('all', 'category', 'brand')),
    scope_id    BIGINT NOT NULL CHECK ((scope_id = 0) = (scope = 'all')),
    rate_far    BIGINT NOT NULL CHECK (rate_far BETWEEN 1 AND 1000),
    rate_mid    BIGINT NOT NULL CHECK (rate_mid BETWEEN 1 AND 1000),
    rate_near   BIGINT NOT NULL CHECK (rate_near BETWEEN 1 AND 1000),
    changed_seq BIGINT NOT NULL,
    UNIQUE (scope, scope_id)
);

-- Price rules as they were applied. That is decided at once and done in many small transactions, beside purchases: of one under
-- way, which has busy = 1, the parts are what is left to do, each with what some offers cost and are to cost. changed counts
-- the offers that got their price; the others of those done had been changed by somebody since. beat_at, by the database's
-- clock, is when a node last worked on it: another takes it up when that is long ago.
CREATE TABLE repricings (
    id          BIGINT   NOT NULL PRIMARY KEY,
    operator_id BIGINT   NOT NULL,
    actor       TEXT     NOT NULL,
    busy        SMALLINT NOT NULL,
    offers      BIGINT   NOT NULL,
    done        BIGINT   NOT NULL DEFAULT 0,
    changed     BIGINT   NOT NULL DEFAULT 0,
    beat_at     BIGINT   NOT NULL DEFAULT 0,
    at          BIGINT   NOT NULL
);
CREATE UNIQUE INDEX repricings_busy ON repricings (busy) WHERE busy = 1;
CREATE TABLE repricing_parts (
    repricing_id BIGINT NOT NULL REFERENCES repricings (id),
    part         BIGINT NOT NULL,
    offers       BYTEA  NOT NULL,
    PRIMARY KEY (repricing_id, part)
);

-- Files of stock on their way in, and what became of them. body is the file, encrypted, while it may still be needed. One
-- import at a time has busy = 1: it is being applied, or what a failed one left is being taken away. On SQLite vouchers are
-- written in many small transactions; those that an unfinished import wrote are units first_unit to last_unit, at positions
-- above their offers' last one, and offers first_offer to last_offer. beat_at, by the database's clock, is when its node was
-- last heard of.
CREATE TABLE imports (
    id           BIGINT   NOT NULL PRIMARY KEY,
    kind         TEXT     NOT NULL,
    file         TEXT     NOT NULL,
    operator_id  BIGINT   NOT NULL,
    actor        TEXT     NOT NULL,
    state        TEXT     NOT NULL,
    busy         SMALLINT NOT NULL DEFAULT 0,
    skip_refused SMALLINT NOT NULL DEFAULT 0,
    counts       TEXT     NOT NULL,
    findings     TEXT     NOT NULL,
    failure      TEXT     NOT NULL DEFAULT '',
    done         BIGINT   NOT NULL DEFAULT 0,
    total        BIGINT   NOT NULL DEFAULT 0,
    body         BYTEA,
    first_unit   BIGINT   NOT NULL DEFAULT 0,
    last_unit    BIGINT   NOT NULL DEFAULT -1,
    first_offer  BIGINT   NOT NULL DEFAULT 0,
    last_offer   BIGINT   NOT NULL DEFAULT -1,
    beat_at      BIGINT   NOT NULL DEFAULT 0,
    at           BIGINT   NOT NULL,
    changed_at   BIGINT   NOT NULL
);
CREATE UNIQUE INDEX imports_busy ON imports (busy) WHERE busy = 1;
CREATE INDEX imports_kept ON imports (at) WHERE body IS NOT NULL;

-- Sales. A purchase reads its parents under lock, so the tables it writes declare no foreign keys: checking them would
-- write a lock into every parent row. The doctor proves them instead. reference is the partner's own number of the order, NULL =
-- it gave none; a closed one is of no order and never will be. told_day is the last day of which the partner of a sandbox order was
-- told, by its own clock, what expires of the order.
CREATE TABLE orders (
    id          BIGINT   NOT NULL PRIMARY KEY,
    partner_id  BIGINT   NOT NULL,
    kind        SMALLINT NOT NULL,
    sandbox     SMALLINT NOT NULL,
    amount      BIGINT   NOT NULL CHECK (amount >= 0),
    fingerprint BIGINT   NOT NULL,
    reference   TEXT,
    told_day    BIGINT   NOT NULL DEFAULT 0,
    at          BIGINT   NOT NULL
);
CREATE INDEX orders_repeat ON orders (partner_id, fingerprint, id);
CREATE UNIQUE INDEX orders_reference ON orders (partner_id, reference) WHERE reference IS NOT NULL;
CREATE TABLE closed_references (
    partner_id BIGINT NOT NULL,
    reference  TEXT   NOT NULL,
    at         BIGINT NOT NULL,
    PRIMARY KEY (partner_id, reference)
) /*clustered*/;
-- Prices, and for live partners units, that are held for a partner until expires_at. state: 1 open, 2 used by order_id, 3 released.
-- An item holds so many units of its offer until held_until; 0 = it holds none (any more).
CREATE TABLE quotes (
    id         BIGINT   NOT NULL PRIMARY KEY,
    partner_id BIGINT   NOT NULL,
    kind       SMALLINT NOT NULL,
    sandbox    SMALLINT NOT NULL,
    total      BIGINT   NOT NULL CHECK (total >= 0),
    state      SMALLINT NOT NULL DEFAULT 1,
    order_id   BIGINT   NOT NULL DEFAULT 0,
    expires_at BIGINT   NOT NULL
) /*often updated*/;
CREATE INDEX quotes_open ON quotes (partner_id, expires_at) WHERE state = 1;
CREATE INDEX quotes_sandbox ON quotes (partner_id, id) WHERE sandbox = 1;
CREATE TABLE quote_items (
    quote_id   BIGINT NOT NULL,
    offer_id   BIGINT NOT NULL,
    units      BIGINT NOT NULL CHECK (units > 0),
    price      BIGINT NOT NULL CHECK (price >= 0),
    held_until BIGINT NOT NULL,
    PRIMARY KEY (quote_id, offer_id)
) /*clustered*/;
CREATE INDEX quote_items_held ON quote_items (offer_id, held_until) WHERE held_until > 0;
-- test_order is 0 in a live item and the order's id in a sandbox item: no unit is in two live orders. The link to an item's
-- voucher page holds link_serial: one that holds another number leads nowhere.
CREATE TABLE order_items (
    partner_id   BIGINT   NOT NULL,
    kind         SMALLINT NOT NULL,
    order_id     BIGINT   NOT NULL,
    line         BIGINT   NOT NULL,
    test_order   BIGINT   NOT NULL,
    offer_id     BIGINT   NOT NULL,
    unit_id      BIGINT   NOT NULL,
    face         BIGINT   NOT NULL,
    paid         BIGINT   NOT NULL,
    used_at      BIGINT,
    used_seller  BIGINT,
    used_via     TEXT,
    cancelled_at BIGINT,
    link_serial  BIGINT   NOT NULL DEFAULT 0,
    PRIMARY KEY (partner_id, kind, order_id, line)
) /*clustered*/;
CREATE UNIQUE INDEX order_items_unit ON order_items (unit_id, test_order);
CREATE INDEX order_items_coupon ON order_items (partner_id, offer_id, order_id, line) WHERE kind = 2;
CREATE INDEX order_items_test ON order_items (partner_id, unit_id, test_order) WHERE kind = 2 AND test_order > 0;
-- Sandbox orders take no units, so that those of an offer are not found by its units.
CREATE INDEX order_items_test_offer ON order_items (offer_id, order_id, line) WHERE test_order > 0;
-- Written when an item is cancelled, not when it is sold.
CREATE INDEX order_items_cancelled ON order_items (cancelled_at) WHERE cancelled_at IS NOT NULL;
-- What was paid back, and why. A refund that moved money has its number's transaction in the ledger; one of a sandbox order
-- or of what cost nothing has none. The key of refund_items is why nothing is paid back twice.
CREATE TABLE refunds (
    id          BIGINT NOT NULL PRIMARY KEY,
    order_id    BIGINT NOT NULL,
    amount      BIGINT NOT NULL CHECK (amount >= 0),
    reason      TEXT   NOT NULL,
    operator_id BIGINT NOT NULL,
    actor       TEXT   NOT NULL,
    at          BIGINT NOT NULL
);
CREATE INDEX refunds_order ON refunds (order_id, id);
CREATE TABLE refund_items (
    order_id  BIGINT NOT NULL,
    line      BIGINT NOT NULL,
    refund_id BIGINT NOT NULL,
    PRIMARY KEY (order_id, line)
) /*clustered*/;
CREATE TABLE once_claims (
    partner_id BIGINT NOT NULL,
    offer_id   BIGINT NOT NULL,
    PRIMARY KEY (partner_id, offer_id)
) /*clustered*/;
CREATE TABLE partner_days (
    partner_id BIGINT   NOT NULL,
    day        BIGINT   NOT NULL,
    kind       SMALLINT NOT NULL,
    orders     BIGINT   NOT NULL,
    items      BIGINT   NOT NULL,
    spent      BIGINT   NOT NULL,
    face       BIGINT   NOT NULL,
    PRIMARY KEY (partner_id, day, kind)
) /*often updated*/;
-- For the sums of a day over all partners.
CREATE INDEX partner_days_day ON partner_days (day);
-- What live partners had bought since a day began, as it was when each of its hours (0 to 23, in Seoul) was last looked at:
-- a day's curve without reading its orders.
CREATE TABLE day_hours (
    day    BIGINT NOT NULL,
    hour   BIGINT NOT NULL,
    orders BIGINT NOT NULL,
    items  BIGINT NOT NULL,
    spent  BIGINT NOT NULL,
    face   BIGINT NOT NULL,
    PRIMARY KEY (day, hour)
) /*clustered*/;
-- How often live partners and strangers were refused, by hour and code, on all nodes.
CREATE TABLE refusal_hours (
    day   BIGINT NOT NULL,
    hour  BIGINT NOT NULL,
    code  TEXT   NOT NULL,
    calls BIGINT NOT NULL,
    PRIMARY KEY (day, hour, code)
) /*clustered*/;
CREATE TABLE idempotency_answers (
    partner_id BIGINT NOT NULL,
    key_hash   BYTEA  NOT NULL,
    request    BYTEA  NOT NULL,
    order_id   BIGINT NOT NULL,
    body       BYTEA  NOT NULL,
    at         BIGINT NOT NULL,
    PRIMARY KEY (partner_id, key_hash)
) /*clustered*/;
-- For forgetting. New answers go to its end, so a batch touches one page of it more.
CREATE INDEX idempotency_answers_at ON idempotency_answers (at);

-- Popularity: sales per product (gifticons) or campaign (star coupons) and day, summed up in the background.
CREATE TABLE item_sales (
    day     BIGINT   NOT NULL,
    kind    SMALLINT NOT NULL,
    item_id BIGINT   NOT NULL,
    sold    BIGINT   NOT NULL,
    PRIMARY KEY (day, kind, item_id)
) /*clustered*/;
CREATE TABLE item_sales_cursor (
    id        BIGINT NOT NULL PRIMARY KEY,
    up_to     BIGINT NOT NULL
);
INSERT INTO item_sales_cursor (id, up_to) VALUES (1, 0);

-- What happened at shops' counters; rows are only added: a coupon was redeemed, or a redemption was undone, whose number is then in
-- undoes. Its key is why none is undone twice. One that moved money has its number's transaction in the ledger. day is the day
-- of the shop that it counts for: its own or, when that was settled before, a later one. device is the hash of what the shop's
-- browser is known by. operator_id, actor and reason are those of the console.
CREATE TABLE redemptions (
    id          BIGINT NOT NULL PRIMARY KEY,
    undoes      BIGINT UNIQUE,
    order_id    BIGINT NOT NULL,
    line        BIGINT NOT NULL,
    test_order  BIGINT NOT NULL,
    offer_id    BIGINT NOT NULL,
    unit_id     BIGINT NOT NULL,
    face        BIGINT NOT NULL,
    paid        BIGINT NOT NULL,
    shop_id     BIGINT NOT NULL,
    day         BIGINT NOT NULL,
    seller_id   BIGINT NOT NULL,
    via         TEXT   NOT NULL,
    device      BYTEA,
    operator_id BIGINT NOT NULL,
    actor       TEXT   NOT NULL,
    reason      TEXT   NOT NULL,
    at          BIGINT NOT NULL
);
CREATE INDEX redemptions_item ON redemptions (order_id, line);
CREATE INDEX redemptions_shop ON redemptions (shop_id, day, id);
CREATE INDEX redemptions_seller ON redemptions (seller_id);
-- A shop's devices that are signed in, by the hash of their cookie. A shift is over when its seller has another code or shop, or
-- is gone: code_hash is the seller's as it was, and no foreign key keeps sellers. misses counts numbers of no coupon.
CREATE TABLE shifts (
    token_hash BYTEA  NOT NULL PRIMARY KEY,
    seller_id  BIGINT NOT NULL,
    shop_id    BIGINT NOT NULL,
    code_hash  TEXT   NOT NULL,
    misses     BIGINT NOT NULL DEFAULT 0,
    agent      TEXT   NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
) /*clustered*/;
CREATE INDEX shifts_seller ON shifts (seller_id, created_at);
CREATE INDEX shifts_shop ON shifts (shop_id);
CREATE INDEX shifts_expiry ON shifts (expires_at);
-- What was redeemed at a shop on a day, live coupons only, less what was undone; written in the transaction of either.
CREATE TABLE shop_days (
    shop_id BIGINT NOT NULL,
    day     BIGINT NOT NULL,
    coupons BIGINT NOT NULL,
    face    BIGINT NOT NULL,
    paid    BIGINT NOT NULL,
    PRIMARY KEY (shop_id, day)
) /*clustered*/;
CREATE INDEX shop_days_day ON shop_days (day, shop_id);
-- What was paid to a shop for the days from first_day to last_day; settlements of a shop do not overlap.
CREATE TABLE settlements (
    shop_id   BIGINT NOT NULL,
    first_day BIGINT NOT NULL,
    last_day  BIGINT NOT NULL,
    coupons   BIGINT NOT NULL,
    face      BIGINT NOT NULL,
    paid      BIGINT NOT NULL CHECK (paid > 0),
    txn_id    BIGINT NOT NULL UNIQUE,
    at        BIGINT NOT NULL,
    PRIMARY KEY (shop_id, first_day),
    CHECK (first_day <= last_day)
) /*clustered*/;
-- Live coupons sold and neither used nor cancelled, whether expired or not: per offer, counted in the background up to the
-- time up_to; and their sums per last valid day, as of shown_at.
CREATE TABLE unused_coupons (
    offer_id BIGINT NOT NULL PRIMARY KEY,
    coupons  BIGINT NOT NULL,
    face     BIGINT NOT NULL,
    paid     BIGINT NOT NULL
);
CREATE TABLE unused_by_expiry (
    last_day BIGINT NOT NULL PRIMARY KEY,
    coupons  BIGINT NOT NULL,
    face     BIGINT NOT NULL,
    paid     BIGINT NOT NULL
);
CREATE TABLE unused_coupons_cursor (
    id       BIGINT NOT NULL PRIMARY KEY,
    up_to    BIGINT NOT NULL,
    shown_at BIGINT NOT NULL
);
INSERT INTO unused_coupons_cursor (id, up_to, shown_at) VALUES (1, 0, 0);

-- Pictures, kept in the database so that every node serves every picture.
CREATE TABLE media (
    path         TEXT   NOT NULL PRIMARY KEY,
    content_type TEXT   NOT NULL,
    body         BYTEA  NOT NULL,
    changed_at   BIGINT NOT NULL
);

-- The accounts that belong to nobody. Sales are spread over shards by node, so that nodes do not wait for each other.
INSERT INTO accounts (id, kind, owner_id, balance) VALUES
    (1, 'bank', 0, 0), (2, 'refunds', 0, 0), (3, 'test_funds', 0, 0), (4, 'adjustments', 0, 0),
    (16, 'sales', 0, 0), (17, 'sales', 1, 0), (18, 'sales', 2, 0), (19, 'sales', 3, 0),
    (20, 'sales', 4, 0), (21, 'sales', 5, 0), (22, 'sales', 6, 0), (23, 'sales', 7, 0),
    (24, 'sales', 8, 0), (25, 'sales', 9, 0), (26, 'sales', 10, 0), (27, 'sales', 11, 0),
    (28, 'sales', 12, 0), (29, 'sales', 13, 0), (30, 'sales', 14, 0), (31, 'sales', 15, 0);
