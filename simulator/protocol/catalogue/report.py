"""The parameters of `dev.report` and of its reply: the longest tables of the document (section 设备上报)."""

from simulator.protocol.catalogue import formats as f
from simulator.protocol.catalogue.spec import Object, Strings, optional, required

COMM_TYPE = f.OneOf({"ethernet": "cable", "usb-4G-modem": "4G", "serial-wireless": "Wi-Fi"})
CAPTURE = f.OneOf({"0": "never", "1": "not kept", "2": "kept", "3": "kept on success", "4": "kept on failure"})

REPORT_PARAMS = Object(
    (
        required("fwVer", f.TEXT, "Firmware version."),
        required("devModel", f.TEXT, "Model."),
        required("commType", COMM_TYPE, "Network in use."),
        required("ip", f.IPV4, "Address of that network."),
        required("netmask", f.IPV4, "Its mask."),
        required("gateway", f.IPV4, "Its gateway."),
        required("mac", f.MAC, "Its MAC address."),
        required("lockCount", f.Integer(), "Number of doors."),
        required("userCount", f.Integer(), "Users held now."),
        required("maxUserCount", f.Integer(), "Room for users."),
        required("transactionCount", f.Integer(), "Records held now."),
        required("maxTransactionCount", f.Integer(), "Room for records."),
        optional("multiBioEnrollSupport", f.BIO_FLAGS, "Types that can be enrolled remotely."),
        required("multiBioDataSupport", f.BIO_FLAGS, "Types with templates."),
        optional("multiBioPhotoSupport", f.BIO_FLAGS, "Types with photos."),
        required("multiBioVer", f.BIO_VERSIONS, "Algorithm version of each type."),
        required("multiBioDataCount", f.BIO_COUNTS, "Templates held now, by type."),
        optional("multiBioPhotoCount", f.BIO_COUNTS, "Photos held now, by type."),
        required("maxMultiBioDataCount", f.BIO_COUNTS, "Room for templates, by type."),
        optional("maxMultiBioPhotoCount", f.BIO_COUNTS, "Room for photos, by type."),
        optional("maxPackageSize", f.Integer(1), "Largest package in KB (1,024 bytes).", default="64"),
        optional("qrCodeSupport", f.FLAG, "QR codes supported."),
        optional("qrCodeOn", f.FLAG, "QR codes switched on."),
        optional("qrCodeDecryptFunList", f.BITS, "Ways to decrypt QR codes, a digit each from the left."),
        optional("cameraOn", f.FLAG, "Camera on."),
        optional("attPhotoFunOn", f.FLAG, "Attendance photos supported."),
        optional("capturePic", CAPTURE, "When a picture is taken."),
        optional("enableBioTest", f.FLAG, "Liveness detection on."),
        optional("voiceOn", f.FLAG, "Voice on."),
        optional("keyPadBeepOn", f.FLAG, "Key beep on."),
        optional("volume", f.Integer(0, 100), "Volume."),
        optional("irTempDetectionFunOn", f.FLAG, "Infrared temperature supported."),
        optional("irTempDetectionOn", f.FLAG, "Infrared temperature on."),
        optional("maxTemperature", f.DECIMAL, "Alarm above."),
        optional("minTemperature", f.DECIMAL, "Alarm below."),
        optional("temperatureOn", f.FLAG, "No passage with an abnormal temperature."),
        optional("irTempUnit", f.OneOf({"0": "Celsius", "1": "Fahrenheit"}), "Unit of the temperature."),
        optional("maskDetectionFunOn", f.FLAG, "Mask detection supported."),
        optional("maskDetectionOn", f.FLAG, "Mask detection on."),
        optional("maskOn", f.FLAG, "No passage without a mask."),
        optional("maxPendingCmdCount", f.Integer(1), "Most commands that may wait at the device."),
        optional("scene", f.OneOf({"1": "access", "2": "plain"}), "Mode of use."),
        required("verifyStyles", f.BITS, "Ways to verify, bit 0 rightmost."),
        optional("sipOn", f.FLAG, "SIP supported.", default="0"),
        optional("adOn", f.FLAG, "Advertisements supported.", default="0"),
        required("funcIds", Strings(f.TEXT), "Every funcId the device supports."),
        optional("meetRoomName", f.TEXT, "Room name, kept from cmd.option.set."),
        optional("meetRoomManager", f.TEXT, "Manager of the room, kept from cmd.option.set."),
        optional("meetRoomLocation", f.TEXT, "Place of the room, kept from cmd.option.set."),
        optional("meetRoomCapacity", f.TEXT, "Seats of the room, kept from cmd.option.set."),
        optional("meetRoomManagerPin", f.TEXT, "Manager's user number, kept from cmd.option.set."),
    )
)

REPORT_RESULTS = Object(
    (
        optional("timezone", f.OFFSET, "Time zone the device works in.", default="+08:00"),
        optional("supportHeartbeat", f.FLAG, "Whether business heartbeats are wanted.", default="1"),
        optional("heartbeatInterval", f.Integer(1), "Seconds from heartbeat to heartbeat.", default="60"),
        required("multiBioDataSupport", f.BIO_FLAGS, "Types whose templates the platform takes."),
        required("multiBioPhotoSupport", f.BIO_FLAGS, "Types whose photos the platform takes."),
        optional("funcIds", Strings(f.TEXT), "Every funcId the platform supports; all where it is absent."),
    )
)
