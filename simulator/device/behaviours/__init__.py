"""What a device does by itself while it is online or powered on; one behaviour a file."""
