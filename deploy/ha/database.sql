-- The role and the database of giftimbiz. Run it once, on the primary:
--   psql -h 127.0.0.1 -U postgres -f database.sql
-- Replace the password.
CREATE ROLE giftimbiz LOGIN PASSWORD 'replace-giftimbiz';
CREATE DATABASE giftimbiz OWNER giftimbiz ENCODING 'UTF8' TEMPLATE template0;
