"""What a faulty reference lets pass, of certificates, connections and tokens: words that its faults are made of."""

# of the handshake
TIME, REVOKED, STRANGER, SELF_SIGNED, USAGE = "time", "revoked", "other-authority", "self-signed", "wrong-usage"
OLD_TLS, WEAK_CIPHERS, CLEAR, EXPIRED_SERVER = "old-tls", "weak-ciphers", "clear", "expired-server"
# of the authorization server: no certificate, that of anyone; what it asks too much: a secret besides, a certificate
# of profile 0
NO_CERTIFICATE, ANYONE, SECRET_BESIDES, NO_SECRET = "no-certificate", "anyone", "secret-besides", "no-secret"
# of the resource server
NO_TOKEN, EXPIRY, SIGNATURE, AUDIENCE, BARE, BINDING = (
    "no-token", "expiry", "signature", "audience", "bare", "binding")
