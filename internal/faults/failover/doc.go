// Package failover holds tests of what docs/operations.md describes, with the files of deploy/ha: PostgreSQL under
// Patroni with etcd and HAProxy whose primary dies again and again, nodes that are restarted one after the other, and a
// database that is brought back to a moment.
package failover
