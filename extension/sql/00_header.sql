-- pg_booking: code only. Tables are made by booking.install(), as ordinary objects that survive DROP EXTENSION.
\echo Use "CREATE EXTENSION pg_booking" to load this file. \quit

