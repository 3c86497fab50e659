-- A role and a database for Solidarity, with the least rights that do. docs/scale.md explains it.
-- Once, as the server's administrator: psql --set=ON_ERROR_STOP=1 --file=deploy/database.sql
-- The password stands in a file; another one than this: --set=secret=FILE
\if :{?secret}
\else
  \set secret /run/secrets/database_password
\endif
\setenv SECRET :secret
\set password `cat "$SECRET"`

CREATE ROLE solidarity LOGIN PASSWORD :'password' NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION;
CREATE DATABASE solidarity ENCODING 'UTF8' TEMPLATE template0;
REVOKE ALL ON DATABASE solidarity FROM PUBLIC;
GRANT CONNECT ON DATABASE solidarity TO solidarity;
\connect solidarity
REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT USAGE, CREATE ON SCHEMA public TO solidarity;
