"""The certificate of the loopback servers: good for 127.0.0.1 and for nothing else, its key is public."""

import ssl
from pathlib import Path

PEM = """\
-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg4wuXHS2qShZl3VCC
o7Dr9oijmBpLaZ5twjlVhGTELtqhRANCAAQagZcFnxVg+gaBlUaRBUUXPnK2iyof
KVke4uUUMN1Pc6eUHL3AyvFbcPnhXupSplODsSgmyoHh4ekML8CfysZJ
-----END PRIVATE KEY-----
-----BEGIN CERTIFICATE-----
MIIBpTCCAUygAwIBAgIUZ1P2saZDtK4qU3Po35/WRT0kPLswCgYIKoZIzj0EAwIw
HzEdMBsGA1UEAwwUbG9vcGJhY2sgdGVzdCBzZXJ2ZXIwIBcNMjYxMTIyMjEyMDM4
WhgPMjEyNjEwMjkyMTIwMzhaMB8xHTAbBgNVBAMMFGxvb3BiYWNrIHRlc3Qgc2Vy
dmVyMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEGoGXBZ8VYPoGgZVGkQVFFz5y
tosqHylZHuLlFDDdT3OnlBy9wMrxW3D54V7qUqZTg7EoJsqB4eHpDC/An8rGSaNk
MGIwHQYDVR0OBBYEFOJdw1x8/ddnpAW/e0CKbu68eAxUMB8GA1UdIwQYMBaAFOJd
w1x8/ddnpAW/e0CKbu68eAxUMA8GA1UdEwEB/wQFMAMBAf8wDwYDVR0RBAgwBocE
fwAAATAKBggqhkjOPQQDAgNHADBEAiBwvnLWk6RzHo48bEzo7nE2M5ymz4tJMPAe
ytquDG4bDAIgXPiyk+h5yME/h24U97kYXq+ilPBGP1Xh30DBVoi5BBI=
-----END CERTIFICATE-----
"""


def serving(folder: Path) -> tuple[ssl.SSLContext, Path]:
    """Return what a server needs to speak TLS, and the file a client has to trust."""
    file = folder / "loopback.pem"
    file.write_text(PEM)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    return context, file
