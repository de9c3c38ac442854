import "reflect-metadata";
import { X509CertificateGenerator } from "@peculiar/x509";

console.log(X509CertificateGenerator.name);
