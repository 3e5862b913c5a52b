"""The steps of the initial flow, and what a device of the tests proves itself with."""

from simulator.device.settings import Start
from simulator.protocol.credentials import device_key_digest
from tests.device.harness import DEV_KEY

COLD = ["dev.register", "dev.accredit", "dev.login", "dev.report"]
EXCHANGE = ["device.exchange.publicKey", "device.exchange.factor"]
PRODUCT = "5d9b11e1a3f448ae81f9f920e976d852"
PROOF = {"productId": PRODUCT, "devKey": device_key_digest(DEV_KEY, PRODUCT)}
WARM = {"start": Start.WARM, "auth_code": "auth0", "secret": "secret-of-auth0"}
