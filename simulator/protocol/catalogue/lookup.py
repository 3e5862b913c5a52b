"""The broker look-up over HTTP and the two exchanges of the secure channel."""

from simulator.protocol.catalogue import formats as f
from simulator.protocol.catalogue.spec import Direction, MessageSpec, Object, Reply, optional, required

BROKER_TYPE = f.OneOf(
    {
        "push": "PUSH address",
        "best-w": "BEST over WebSocket",
        "best-t": "BEST over Tencent broker",
        "best-m": "BEST over MQTT",
        "best-a": "BEST over AWS IoT Core",
    }
)

LOOKUP_MESSAGES = (
    MessageSpec(
        func_id="getBrokerServer",
        direction=Direction.LOOKUP,
        section="获取服务器地址",
        summary="Where is the broker? A signed GET {dispatch}/v3/device/getBrokerServer.",
        params=Object(
            (
                required("sn", f.TEXT, "Serial number of the device."),
                required("type", BROKER_TYPE, "Transport that is asked for."),
                required("nonce", f.Text(32), "Random text, never repeated."),
                required("timestamp", f.EPOCH_MS, "Time of the request; refused beyond about 5 minutes of skew."),
                required("sign", f.MD5_HEX, "MD5 of sn + nonce + timestamp + secretKey."),
            )
        ),
        results=Object(
            (
                required("url", f.URL, "Address of the broker."),
                optional("rootCA", f.TEXT, "CA certificate of the broker, PEM."),
                optional("certificate", f.TEXT, "Certificate of the device, PEM, in certificate mode."),
                optional("privateKey", f.TEXT, "Private key, in certificate mode."),
                optional("publicKey", f.TEXT, "Public key, in certificate mode."),
                optional("companyId", f.TEXT, "Company the device is bound to; always given for best-a."),
                optional("siteId", f.TEXT, "Site of the device; always given for best-a."),
            )
        ),
        reply=Reply.BARE,
        before_login=True,
        negotiated=False,
    ),
    MessageSpec(
        func_id="device.exchange.publicKey",
        direction=Direction.TO_PLATFORM,
        section="通道安全握手 交换公钥",
        summary="The two sides exchange public keys.",
        params=Object((required("publicKey", f.PUBLIC_KEY, "Public key of the device (DER SubjectPublicKeyInfo)."),)),
        results=Object(
            (required("publicKey", f.PUBLIC_KEY, "Public key of the platform (DER SubjectPublicKeyInfo)."),)
        ),
        reply=Reply.BARE,
        before_login=True,
        negotiated=False,
    ),
    MessageSpec(
        func_id="device.exchange.factor",
        direction=Direction.TO_PLATFORM,
        section="通道安全握手 交换因子",
        summary="The two sides exchange their factors, each encrypted under the peer's public key.",
        params=Object((required("factor", f.BASE64, "Factor of the device, encrypted."),)),
        results=Object((required("factor", f.BASE64, "Factor of the platform, encrypted."),)),
        reply=Reply.BARE,
        before_login=True,
        negotiated=False,
    ),
)
